// Who may do what, by click and by request: one-time passwords, roles, the lock-out.
import assert from 'node:assert/strict';
import { close, go, journey, logIn, open, password, settings } from './browser.mjs';

const session = await open({ name: 'access' });
const run = (name, work) => journey(session, name, work);

async function logOut(page) {
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
}
const ask = (page, method, path, body) =>
  page.evaluate(
    async ([verb, place, content]) => {
      const answer = await fetch(`/api/v1${place}`, { method: verb, headers: { 'Content-Type': 'application/json' }, body: content });
      return { status: answer.status, id: (await answer.json().catch(() => ({}))).id };
    },
    [method, path, body],
  );

await run('an administrator makes an account in the page and sees its password once', async (page) => {
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

await run('a viewer finds no control that he may not use, and is refused by request, too', async (page) => {
  await logIn(page, 'vera', settings.viewer);
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  for (const [path, controls] of [
    ['/systems', ['Add systems', 'New folder', 'Enforce']],
    [`/systems/${settings.system}`, ['Observe now', 'Forget']],
    [`/systems/${settings.system}/connection`, ['Try', 'Change']],
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
    ['DELETE', `/systems/${settings.system}`],
    ['GET', '/audit'],
    ['GET', '/accounts'],
  ])
    assert.deepEqual(await ask(page, method, path, body), { status: 403, id: 'ACC-013' }, `${method} ${path}`);
  await go(page, '/');
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await logOut(page);
});

await run('an auditor reads the trail and changes nothing', async (page) => {
  await logIn(page, 'otto', settings.auditor);
  await page.getByRole('link', { name: 'Audit' }).click();
  await page.getByRole('row').filter({ hasText: 'account.' }).first().waitFor();
  assert.equal((await ask(page, 'POST', '/enforce', '{"all":true}')).status, 403);
  await logOut(page);
});

await run('a session that ended asks for the log-in, and goes on where it was', async (page) => {
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

await run('somebody who guesses is locked out, and told for how long', async (page) => {
  await page.locator('input[name=user]').fill('otto');
  for (let i = 0; i < 6; ++i) {
    await page.locator('input[name=password]').fill(`a guess ${i}`);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: 'Log in' }).and(page.locator(':not([data-loading])')).waitFor();
    await page.getByRole('alert').waitFor();
  }
  await page.locator('.error-id', { hasText: 'ACC-003' }).waitFor();
});

await close(session, [/status of 403/, /status of 429/]);
