// Who may do what, by click and by request: one-time passwords, roles, the lock-out.
import assert from 'node:assert/strict';
import { api, ask, close, countersign, go, journey, logIn, logOut, open, password, program, settings, settled, until } from './browser.mjs';

const session = await open({ name: 'access' });

/** A system that nobody knows says that it booted. */
const called = () => program('curl', ['--silent', '--fail', '--resolve', `${settings.host}:${settings.plain}:${settings.address}`, '--data-binary', settings.call, `http://${settings.host}:${settings.plain}/tms/public/external/management/SystemManagementService.asmx`]);
const run = (name, work) => journey(session, name, work);
let gone; // the number of a system that does not answer
let ticket; // about it

/** Every screen that can be empty in a new manager, and what it says then. */
const nothing = [
  ['/', 'There are no systems yet'], ['/systems', 'There are no systems yet'], ['/systems?text=nobody', 'No system is in this selection'], ['/arrivals', 'Nobody waits'], ['/arrivals/announced', 'Nothing is announced'],
  ['/arrivals/scans', 'No scan yet'], ['/tickets', 'No open tickets'], ['/tickets?state=closed', 'No tickets'], ['/phonebooks', 'No entries'], ['/campaigns', 'No campaign was started yet'],
  ['/certificates?text=nobody', 'No certificate fits'], ['/requests', 'No open requests'], ['/requests?state=all', 'No requests'], ['/jobs', 'No jobs'], ['/settings/policy', 'None.'],
  ['/settings/notifications', 'Tickets are told to nobody yet'], ['/settings/vendors', 'None: systems at factory defaults are pinned by hand.'], ['/settings/network', 'Every system could still call.'],
  ['/set-up/systems', 'No demonstration estate was started beside this manager'],
];

/** A button, a link that looks like one, or an item of a menu. */
const controlsCalled = (page, name) => page.getByRole('button', { name, exact: true }).or(page.locator('main').getByRole('link', { name, exact: true })).or(page.getByRole('menuitem', { name, exact: true }));
const showPlan = async (page) => {
  await page.getByRole('button', { name: 'Show the plan' }).click();
  await page.locator('[data-ready=campaign-plan]').waitFor({ timeout: 60_000 });
};
const selectAll = async (page) => {
  await page.locator('.body-row').first().waitFor();
  const boxes = page.locator('.body-row input[type=checkbox]');
  if ((await boxes.count()) > 0) await boxes.first().check();
};
/** What a viewer must not have: the place, the names, and what has to be done there before they would be seen. */
const controlsOfOthers = () => [
  ['/systems', ['Add systems', 'New folder', 'Settings for new systems', 'Observe now', 'Enforce', 'Plan a campaign', 'Move to…', 'Forget'], selectAll],
  [`/systems/${gone}`, ['Observe now', 'Forget']],
  [`/systems/${gone}/connection`, ['Try', 'Change']],
  [`/systems/${gone}/plan?goal=policy`, ['Enforce']],
  [`/tickets/${ticket}`, ['Acknowledge', 'Assign', 'Snooze', 'Comment', 'Close']],
  ['/secure-only', ['Set for the whole estate', 'Enforce now', 'Start this plan'], showPlan],
  ['/roots', ['Trust a root', 'Remove']],
  ['/issuers', ['Replace the root', 'Renew the issuing authority', '1. Export the root', 'Change the address']],
  ['/requests', ['Bring answers']],
  ['/phonebooks', ['Take a list']],
  ['/settings/policy', ['Change', 'Add']],
  ['/settings/network', ['Change']],
  ['/settings/notifications', ['New channel']],
  ['/settings/vendors', ['Add']],
  ['/about', ['Install', 'Request']],
  ['/arrivals', ['Accept', 'Reject', 'Forget']],
  ['/arrivals/announced', ['Announce a system']],
  ['/arrivals/scans', ['Look for systems']],
];

await run('empty: every screen of a new manager says that there is nothing, and what to do', async (page) => {
  await go(page, '/');
  await logIn(page);
  await page.getByText('There are no systems yet').waitFor();
  for (const [path, text] of nothing) {
    await go(page, path);
    await settled(page);
    await page.locator('main').getByText(text).first().waitFor().catch(() => assert.fail(`${path} does not say “${text}”`));
    assert.equal(await page.locator('.problem, .denied').count(), 0, path);
  }
  await countersign('system', 'add', '--ip', `${settings.net}.99`, '--family', 'mcu', '--name', 'gone');
  gone = (await api('system', 'list')).systems[0].id;
  ticket = (await until(async () => (await api('ticket', 'list')).tickets.find((one) => one.system === gone), 'it is not reached')).id;
  for (const [path, text] of [[`/systems/${gone}/certificate`, 'It serves no certificate'], [`/systems/${gone}/certificate`, 'The system could not be asked.']]) {
    await go(page, path);
    await page.getByText(text).first().waitFor();
  }
});

await countersign('root', 'add', settings.companyRoot);
await called();

await run('roles: an administrator has every control whose lack is looked for in what follows', async (page) => {
  for (const [path, controls, prepare] of controlsOfOthers()) {
    await go(page, path);
    await settled(page);
    await prepare?.(page);
    for (const name of controls) assert.ok((await controlsCalled(page, name).count()) > 0, `${name} at ${path}`);
  }
  await go(page, '/systems');
  await page.locator('.body-row').first().waitFor();
  assert.ok((await page.locator('.body-row input[type=checkbox]').count()) > 0);
  await logOut(page);
});

await run('log-in: an account made in the page gets a one-time password that opens nothing but its own change', async (page) => {
  await go(page, '/');
  await logIn(page);
  await page.getByRole('link', { name: 'People' }).click();
  await page.getByRole('button', { name: 'New account' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Account').fill('ben');
  await dialog.getByRole('textbox', { name: 'Role' }).click();
  await page.getByRole('option', { name: /^Operator/ }).click();
  await dialog.getByRole('button', { name: 'Make it' }).click();
  const secret = (await page.locator('.secret').innerText()).trim();
  assert.ok(secret.length >= 12, secret);
  await page.getByRole('row').filter({ hasText: 'ben' }).waitFor();
  await logOut(page);
  await logIn(page, 'ben', secret);
  await page.getByRole('heading', { name: 'Choose your own password' }).waitFor();
  assert.equal((await ask(page, 'GET', '/systems')).id, 'ACC-014', 'the one-time password opens nothing else');
  await page.getByLabel('The one-time password').fill(secret);
  await page.getByLabel('New password').fill(`${password}-ben`);
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await go(page, '/systems');
  await page.getByRole('link', { name: 'Add systems' }).first().waitFor();
  assert.equal(await page.getByRole('link', { name: 'People' }).count(), 0, 'an operator sees no people');
  await logOut(page);
});

await run('roles: a viewer cannot, by click or by request', async (page) => {
  await logIn(page, 'vera', settings.viewer);
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  for (const [path, controls, prepare] of controlsOfOthers()) {
    await go(page, path);
    await settled(page);
    await prepare?.(page);
    for (const name of controls) assert.equal(await controlsCalled(page, name).count(), 0, `${name} at ${path}`);
  }
  await go(page, '/systems');
  await page.locator('.body-row').first().waitFor();
  assert.equal(await page.locator('.body-row input[type=checkbox]').count(), 0, 'nothing to do with a selection');
  await go(page, '/roots');
  await page.getByRole('link', { name: '0 systems', exact: true }).first().click();
  await page.getByRole('heading', { name: /^What depends on/ }).waitFor();
  for (const path of ['/audit', '/people']) {
    await go(page, path);
    await page.getByRole('heading', { name: 'Not for your role' }).waitFor();
  }
  await go(page, '/systems/add');
  await page.getByRole('heading', { name: 'Not for your role' }).waitFor();
  for (const [method, path, body] of [
    ['POST', '/systems', '{"address":"127.0.0.1"}'],
    ['PATCH', '/policy', '{"secure_only":"off"}'],
    ['POST', '/enforce', '{"all":true}'],
    ['DELETE', `/systems/${gone}`],
    ['GET', '/audit'],
    ['GET', '/accounts'],
  ])
    assert.deepEqual(await ask(page, method, path, body), { status: 403, id: 'ACC-013' }, `${method} ${path}`);
  // Every operation that the description of the API gives to others, sent from the page with his session: none of them gets as far as its body.
  for (const { method, path, permission } of settings.operations.filter((one) => !['none', 'self', 'read', 'own'].includes(one.permission)))
    assert.deepEqual(await ask(page, method, path.replace(/\{\w+\}/g, '1'), ['GET', 'DELETE'].includes(method) ? undefined : '{}'), { status: 403, id: 'ACC-013' }, `${method} ${path} needs ${permission}`);
  await go(page, '/');
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await logOut(page);
});

await run('roles: an operator works on systems, and administers nothing, by click or by request', async (page) => {
  await logIn(page, 'ben', `${password}-ben`);
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await go(page, `/systems/${gone}`);
  await page.getByRole('button', { name: 'Observe now' }).waitFor();
  for (const path of ['/people', '/audit', '/set-up/name', '/set-up/systems']) {
    await go(page, path);
    await page.getByRole('heading', { name: 'Not for your role' }).first().waitFor();
  }
  for (const { method, path } of settings.operations.filter((one) => one.permission === 'administer'))
    assert.deepEqual(await ask(page, method, path.replace(/\{\w+\}/g, '1'), ['GET', 'DELETE'].includes(method) ? undefined : '{}'), { status: 403, id: 'ACC-013' }, `${method} ${path}`);
  await go(page, '/');
  await logOut(page);
});

await run('roles: an auditor reads the trail and changes nothing', async (page) => {
  await logIn(page, 'otto', settings.auditor);
  await page.getByRole('link', { name: 'Audit' }).click();
  await page.getByRole('row').filter({ hasText: 'account.' }).first().waitFor();
  assert.equal((await ask(page, 'POST', '/enforce', '{"all":true}')).status, 403);
  await logOut(page);
});

await run('log-in: a session that ended asks for the log-in, and goes on where it was', async (page) => {
  await logIn(page, 'vera', settings.viewer);
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await page.getByRole('link', { name: 'Tickets', exact: true }).click();
  await page.getByRole('heading', { name: 'Tickets' }).waitFor();
  await session.context.clearCookies();
  await page.getByRole('link', { name: 'Certificates', exact: true }).click();
  await page.getByText('Your session has ended').waitFor();
  await logIn(page, 'vera', settings.viewer);
  await page.getByRole('heading', { name: 'Certificates' }).waitFor();
  await logOut(page);
});

await run('lock-out: somebody who guesses is locked out and told for how long; an administrator unlocks the account in the page', async (page) => {
  await page.locator('input[name=user]').fill('otto');
  for (let i = 0; i < 6; ++i) {
    await page.locator('input[name=password]').fill(`a guess ${i}`);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: 'Log in' }).and(page.locator(':not([data-loading])')).waitFor();
    await page.getByRole('alert').waitFor();
  }
  await page.locator('.error-id', { hasText: 'ACC-003' }).waitFor();
  await countersign('account', 'unlock', 'admin').catch(() => undefined);
  await page.locator('input[name=user]').fill('');
  await logIn(page);
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await go(page, '/people');
  await page.getByRole('button', { name: 'Actions for otto' }).click();
  await page.getByRole('menuitem', { name: 'Unlock…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Unlock' }).click();
  await page.getByText('It is unlocked.').waitFor();
  await logOut(page);
  await logIn(page, 'otto', settings.auditor);
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
});

await close(session, [/status of 403/, /status of 429/, /status of 50[234]/]);
