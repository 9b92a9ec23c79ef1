// Who may do what, by click and by request: one-time passwords, roles, the lock-out.
import assert from 'node:assert/strict';
import { api, ask, close, countersign, go, journey, logIn, logOut, open, password, settings } from './browser.mjs';

const session = await open({ name: 'access' });
const run = (name, work) => journey(session, name, work);
let gone; // the number of a system that does not answer

await run('empty: every screen of a new manager says that there is nothing, and what to do', async (page) => {
  await go(page, '/');
  await logIn(page);
  await page.getByText('There are no systems yet').waitFor();
  for (const [path, text] of [
    ['/systems', 'There are no systems yet'], ['/tickets', 'No open tickets'], ['/campaigns', 'No campaign was started yet'], ['/requests', 'No open requests'], ['/phonebooks', 'No entries'], ['/tokens', ''],
    ['/jobs', 'No jobs'], ['/arrivals', 'Nobody waits'], ['/settings/notifications', 'Tickets are told to nobody yet'],
  ]) {
    await go(page, path);
    await page.waitForFunction(() => document.querySelector('h1') && !document.querySelector('.loading'));
    if (text) await page.locator('.empty').filter({ hasText: text }).first().waitFor();
    assert.equal(await page.locator('.problem, .denied').count(), 0, path);
  }
  await countersign('system', 'add', '--ip', `${settings.net}.99`, '--family', 'mcu', '--name', 'gone');
  gone = (await api('system', 'list')).systems[0].id;
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
  for (const [path, controls] of [
    ['/systems', ['Add systems', 'New folder', 'Enforce']],
    [`/systems/${gone}`, ['Observe now', 'Forget']],
    [`/systems/${gone}/connection`, ['Try', 'Change']],
    ['/secure-only', ['Set for the whole estate', 'Start this plan']],
    ['/roots', ['Trust a root', 'Remove']],
    ['/issuers', ['Replace the root', 'Renew the issuing authority', '1. Export the root']],
    ['/settings', ['Change', 'Add']],
    ['/about', ['Install', 'Request']],
    ['/arrivals', ['Accept', 'Announce a system']],
  ]) {
    await go(page, path);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.waitForFunction(() => !document.querySelector('.loading'));
    for (const name of controls) assert.equal(await page.getByRole('button', { name, exact: true }).count(), 0, `${name} at ${path}`);
  }
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

await close(session, [/status of 403/, /status of 429/]);
