// From the first visit to Level 4 with the mouse and the keyboard; a failure found from the overview; a campaign rolled back.
import assert from 'node:assert/strict';
import { close, fits, go, journey, logIn, open, password, settings } from './browser.mjs';

const session = await open();
const run = (name, work) => journey(session, name, work);

await run('the first visit asks for the set-up password, and says why a guess is refused', async (page) => {
  await go(page, '/');
  await page.getByRole('heading', { name: 'First visit' }).waitFor();
  await page.getByLabel('Set-up password').fill('a guess');
  await page.getByLabel('New password').fill(password);
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.locator('.error-id', { hasText: 'ACC-002' }).waitFor();
  await page.getByLabel('Set-up password').fill(settings.setup);
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.getByText('There are no systems yet').waitFor();
});

await run('systems are added by list, and one by its name', async (page) => {
  await page.getByRole('link', { name: 'Add systems' }).first().click();
  await page.getByRole('tab', { name: 'By list' }).click();
  await page.getByLabel('Or type it').fill(['host_name,address,family,folder', ...settings.systems.map((one) => `${one.host_name},${one.address},${one.family},/Berlin`)].join('\n'));
  await page.getByRole('button', { name: 'Check the list' }).click();
  await page.getByText(`${settings.systems.length} systems would be added`).waitFor();
  await page.getByRole('button', { name: 'Add them' }).click();
  await page.getByText(`${settings.systems.length} systems added`).waitFor();
  await page.getByRole('tab', { name: 'By name or address' }).click();
  await page.getByLabel('Address', { exact: true }).fill(settings.gone);
  await page.getByLabel('Name', { exact: true }).fill('<b>gone</b>');
  await page.getByRole('textbox', { name: 'Family' }).click();
  await page.getByRole('option', { name: settings.goneFamily }).click();
  await page.getByRole('button', { name: 'Add the system' }).click();
  await page.getByRole('heading', { name: '<b>gone</b>' }).waitFor();
});

await run('the list shows them with their levels, follows by itself, and keeps to its selection', async (page) => {
  await page.getByRole('link', { name: 'Systems', exact: true }).first().click();
  for (const one of settings.systems) await page.getByRole('row').filter({ hasText: one.host_name }).getByText(/^Level [12]:/).first().waitFor({ state: 'attached', timeout: 60_000 });
  await page.getByLabel('Search').fill(settings.systems[0].host_name);
  await page.waitForFunction(() => document.querySelectorAll('.body-row').length === 1);
  assert.match(page.url(), /text=/);
  await page.reload();
  await page.waitForFunction(() => document.querySelectorAll('.body-row').length === 1);
  await page.getByRole('button', { name: 'Show all' }).click();
  await page.waitForFunction((count) => document.querySelectorAll('.body-row').length === count, settings.systems.length + 1);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as CSV' }).click();
  assert.match((await download).suggestedFilename(), /csv$/);
});

await run('a failure is found from the overview in three clicks', async (page) => {
  await page.getByRole('link', { name: 'Overview' }).click();
  const button = page.getByRole('link', { name: 'Open the critical tickets' });
  await button.waitFor({ timeout: 60_000 });
  await button.click(); // 1
  await page.getByRole('row').getByRole('link', { name: 'Connection Error' }).click(); // 2
  await page.getByText('What to do:').first().waitFor();
  await page.getByRole('link', { name: 'Its connection settings' }).click(); // 3
  await page.getByRole('button', { name: 'Try' }).click();
  await page.getByText('It was not reached').waitFor({ timeout: 60_000 });
  await page.getByText('no service of the system answers').waitFor();
  await page.getByRole('button', { name: 'Forget' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Forget it' }).click();
  await page.getByRole('heading', { name: 'Systems', exact: true }).waitFor();
});

await run('the plan of a system is read side by side before anything is done', async (page) => {
  await page.getByRole('row').filter({ hasText: settings.systems[0].host_name }).getByRole('link').first().click();
  await page.getByRole('tab', { name: 'Plan' }).click();
  await page.getByText('Why:').first().waitFor({ timeout: 60_000 });
  assert.ok((await page.locator('.change').count()) > 5);
  await page.getByRole('tab', { name: 'Evidence' }).click();
  await page.getByRole('heading', { name: 'Services of the system' }).waitFor();
});

await run('a campaign takes the estate to Level 4', async (page) => {
  await page.getByRole('link', { name: 'Secure-Only', exact: true }).click();
  await page.getByRole('button', { name: 'Show the plan' }).click();
  await page.locator('[data-ready=campaign-plan]').waitFor({ timeout: 60_000 });
  await page.getByLabel('Name of the campaign').fill('Berlin to Level 4');
  await page.getByRole('button', { name: 'Start this plan' }).click();
  await page.getByRole('heading', { name: 'Berlin to Level 4' }).waitFor();
  await page.locator('.head').getByText('Done', { exact: true }).waitFor({ timeout: 150_000 });
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.getByRole('link', { name: `${settings.systems.length} systems at level 4` }).waitFor();
});

await run('the manager itself is verified HTTPS in this browser', async (page) => {
  const cdp = await session.context.newCDPSession(page);
  await cdp.send('Security.enable').catch(() => undefined);
  const answer = await page.goto(settings.url);
  const details = await answer.securityDetails();
  assert.equal(details.subjectName, settings.host);
  assert.ok(await page.evaluate(() => window.isSecureContext));
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
});

await run('the certificate of a system leads to the root, as a picture', async (page) => {
  await go(page, '/systems');
  await page.getByRole('row').filter({ hasText: settings.systems[0].host_name }).getByRole('link').first().click();
  await page.getByRole('tab', { name: 'Certificate and trust' }).click();
  await page.locator('.link-anchor').waitFor();
  assert.ok((await page.locator('.chain .link').count()) >= 2);
});

await run('a system is put into another folder', async (page) => {
  await go(page, '/systems');
  await page.getByRole('button', { name: 'New folder' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('Paris');
  await page.getByRole('dialog').getByRole('button', { name: 'Make it' }).click();
  await page.getByRole('button', { name: /^Paris/ }).waitFor();
  await page.locator('.body-row').first().dragTo(page.getByRole('button', { name: /^Paris/ }));
  await page.getByText('1 system moved to /Paris.').waitFor();
  await page.getByRole('button', { name: /^Paris/ }).click();
  await page.waitForFunction(() => document.querySelectorAll('.body-row').length === 1);
});

await run('the command palette goes to places and systems by keyboard alone', async (page) => {
  await page.keyboard.press('Control+k');
  await page.getByPlaceholder('A place, an action, or a system…').fill('audit');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Audit trail' }).waitFor();
  await page.getByPlaceholder('A place, an action, or a system…').waitFor({ state: 'hidden' });
  await page.keyboard.press('Control+k');
  await page.getByPlaceholder('A place, an action, or a system…').fill(settings.systems[0].host_name);
  await page.locator('.mantine-Spotlight-action').first().waitFor();
  await page.keyboard.press('Enter');
  await page.locator('[data-ready=system]').waitFor();
});

await run('the canaries of a campaign are rolled back', async (page) => {
  await go(page, '/secure-only?mode=off');
  await page.getByRole('textbox', { name: 'What makes changes stay' }).click();
  await page.getByRole('option', { name: 'A person confirms' }).click();
  await page.getByRole('button', { name: 'Show the plan' }).click();
  await page.locator('[data-ready=campaign-plan]').waitFor({ timeout: 60_000 });
  await page.getByLabel('Name of the campaign').fill('Back to the old ways');
  await page.getByRole('button', { name: 'Start this plan' }).click();
  await page.getByRole('heading', { name: 'Back to the old ways' }).waitFor();
  await page.locator('.states').getByText(/proven/).first().waitFor({ timeout: 90_000 });
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
  await page.locator('.head').getByText('Paused').waitFor();
  await page.getByRole('button', { name: 'Roll back' }).click();
  const dialog = page.getByRole('dialog');
  if (await dialog.getByRole('button', { name: 'Show' }).isVisible().catch(() => false)) {
    await dialog.getByRole('textbox', { name: 'Which' }).click();
    await page.getByRole('option', { name: 'the canaries' }).click();
    await dialog.getByRole('button', { name: 'Show' }).click();
  }
  await dialog.getByRole('button', { name: 'Roll back' }).click();
  await page.locator('.states').getByText(/rolled back/).waitFor({ timeout: 90_000 });
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Stop it' }).click();
  await page.locator('.head').getByText('Cancelled').waitFor({ timeout: 90_000 });
});

await run('a narrow screen is enough', async (page) => {
  for (const path of ['/', '/systems', '/tickets', '/secure-only', '/certificates', '/settings']) {
    await go(page, path);
    await page.getByRole('heading', { level: 1 }).waitFor();
    for (const width of [900, 360]) {
      await page.setViewportSize({ width, height: 800 });
      await fits(page, `${path} at ${width}`);
    }
  }
  await page.getByRole('button', { name: 'Navigation' }).click();
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await page.setViewportSize({ width: 1280, height: 900 });
});

await run('log out, and in again where one was', async (page) => {
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
  await go(page, '/jobs');
  await logIn(page);
  await page.getByRole('heading', { name: 'Jobs' }).waitFor();
});

await close(session, [/\/observe/, /status of 50[234]/]);
