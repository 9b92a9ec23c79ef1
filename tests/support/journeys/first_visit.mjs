// The first visit in its three steps; a plan before it runs; a campaign stopped and rolled back, another that goes to Level 4.
import assert from 'node:assert/strict';
import { api, axe, close, closeBrowser, countersign, fits, go, isOpen, journey, logIn, logOut, open, openssl, password, saved, seenByOpenssl, settings, settled, until, window_ } from './browser.mjs';

const session = await open();
const run = (name, work) => journey(session, name, work);
const item = (page, id) => page.locator(`[data-item=${id}]`);
const names = settings.systems.map((one) => one.host_name);

await run('first visit, step 1, password: the set-up password is asked for, and a guess is refused with the reason', async (page) => {
  await go(page, '/');
  await page.getByRole('heading', { name: 'First visit' }).waitFor();
  await axe(page, 'the first visit, step 1');
  await page.getByLabel('Set-up password').fill('a guess');
  await page.getByLabel('New password').fill(password);
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.locator('.error-id', { hasText: 'ACC-002' }).waitFor();
  await page.getByLabel('Set-up password').fill(settings.setup);
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.getByText('Name and certificate').first().waitFor();
  assert.match(page.url(), /\/set-up\/name$/);
});

await run('first visit, step 2, FQDN: the checklist says what is missing; another name is taken up by the certificate, and the old one stays in it', async (page) => {
  await item(page, 'host_name').getByText('No', { exact: true }).waitFor();
  await item(page, 'time').getByText('Unknown').waitFor();
  await settled(page);
  await axe(page, 'the first visit, step 2');
  await page.getByLabel('Name by which systems call the manager').fill(settings.otherName);
  await page.getByLabel('Time server that systems are given').fill(`ntp.${settings.domain}`);
  await page.getByRole('button', { name: 'Change the name' }).click();
  for (const id of ['host_name', 'dns', 'one_name', 'time', 'certificate']) await item(page, id).getByText('Yes', { exact: true }).waitFor();
  assert.match(await item(page, 'dns').innerText(), new RegExp(settings.address.replaceAll('.', '\\.')));
  for (const name of [settings.otherName, settings.host]) assert.ok((await seenByOpenssl(settings.address, name)).verified, `openssl verifies ${name}`);
  assert.ok(!(await seenByOpenssl(settings.address, 'stranger.company.com')).verified);
  await page.getByLabel('Name by which systems call the manager').fill(settings.host);
  await page.getByRole('button', { name: 'Change the name' }).click();
  await item(page, 'dns').getByText(settings.host).waitFor();
  assert.ok((await seenByOpenssl(settings.address, settings.otherName)).verified, 'systems that were told the other name still reach it');
});

await run('first visit, step 2, certificate: the root is offered with its fingerprint; a company’s certificate can be asked for', async (page) => {
  const root = await saved(page, page.getByRole('link', { name: 'Download for browsers and programs' }));
  const said = (await openssl('x509', '-in', root.file, '-noout', '-fingerprint', '-sha256')).split('=')[1].trim().replaceAll(':', '').toLowerCase();
  await page.getByText(said).waitFor();
  await page.getByLabel('One of your company’s authority').check();
  await page.getByRole('button', { name: 'Request', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Install', exact: true }).waitFor();
  await page.getByLabel('That of its own authority').check();
  await page.getByRole('button', { name: 'Go on to the systems' }).click();
});

await run('first visit, step 3, systems: the demonstration estate is taken with one button', async (page) => {
  const button = page.getByRole('button', { name: 'Take the demonstration estate' });
  await page.getByText(`${names.length} virtual systems at factory defaults`).waitFor();
  await settled(page);
  await axe(page, 'the first visit, step 3');
  await button.click();
  await page.getByText(`${names.length} systems of the demonstration added`).waitFor();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  const policy = await api('policy', 'show');
  assert.deepEqual([policy.dns_servers, policy.manager_host_name], [[settings.dns], settings.host]);
  assert.ok((await api('factory-trust', 'list')).certificates.length > 0, 'the vendors are believed');
});

await run('systems are added by list, whose mistakes are named by line, and one by its name', async (page) => {
  await page.getByRole('link', { name: 'Systems', exact: true }).first().click();
  await page.getByRole('link', { name: 'Add systems' }).first().click();
  await page.getByRole('tab', { name: 'By list' }).click();
  const line = `${settings.listed.host_name},${settings.listed.address},${settings.listed.family},/Berlin`;
  const list = page.getByLabel('Or type it');
  await list.fill(`host_name,address,family,folder\n${line}\nwrong name,10.300.0.1,mcu,/Berlin`);
  await page.getByRole('button', { name: 'Check the list' }).click();
  await page.getByText('line 3').first().waitFor();
  await list.fill(`host_name,address,family,folder\n${line}`);
  await page.getByRole('button', { name: 'Check the list' }).click();
  await page.getByText('1 system would be added').waitFor();
  await page.getByRole('button', { name: 'Add them' }).click();
  await page.getByText('1 system added').waitFor();
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
  for (const one of [...settings.systems, settings.listed]) await page.getByRole('row').filter({ hasText: one.host_name }).getByText(/^Level [12]:/).first().waitFor({ state: 'attached', timeout: 60_000 });
  await page.getByLabel('Search').fill(settings.systems[0].host_name);
  await page.waitForFunction(() => document.querySelectorAll('.body-row').length === 1);
  assert.match(page.url(), /text=/);
  await page.reload();
  await page.waitForFunction(() => document.querySelectorAll('.body-row').length === 1);
  await page.getByRole('button', { name: 'Show all' }).click();
  await page.waitForFunction((count) => document.querySelectorAll('.body-row').length === count, settings.systems.length + 2);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as CSV' }).click();
  assert.match((await download).suggestedFilename(), /csv$/);
});

await run('a connection failure is found from the overview in three clicks, and “Try” says what failed and why', async (page) => {
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

await run('the plan before it runs: what will change, side by side', async (page) => {
  await page.getByRole('row').filter({ hasText: settings.systems[0].host_name }).getByRole('link').first().click();
  await page.getByRole('tab', { name: 'Plan' }).click();
  await page.getByText('Why:').first().waitFor({ timeout: 60_000 });
  assert.ok((await page.getByRole('table', { name: /^Settings of step/ }).locator('tbody tr').count()) > 5);
  await page.getByRole('tab', { name: 'Evidence' }).click();
  await page.getByRole('heading', { name: 'Services of the system' }).waitFor();
});

await run('a campaign stopped and rolled back: the systems are as before, by the API and from outside', async (page) => {
  const levels = async () => Object.fromEntries((await api('system', 'list')).systems.map((one) => [one.host_name, one.level]));
  const before = await levels();
  const outside = async (one) => ({ http: await isOpen(one.address, 80), https: (await seenByOpenssl(one.address, one.host_name)).fingerprint });
  const doors = Object.fromEntries(await Promise.all(settings.systems.map(async (one) => [one.host_name, await outside(one)])));
  await page.getByRole('link', { name: 'Secure-Only', exact: true }).click();
  await page.getByRole('textbox', { name: 'What makes changes stay' }).click();
  await page.getByRole('option', { name: 'A person confirms' }).click();
  await page.getByRole('button', { name: 'Show the plan' }).click();
  await page.locator('[data-ready=campaign-plan]').waitFor({ timeout: 60_000 });
  await page.getByLabel('Name of the campaign').fill('A first try');
  await page.getByRole('button', { name: 'Start this plan' }).click();
  await page.getByRole('heading', { name: 'A first try' }).waitFor();
  await page.locator('.states').getByText(/proven/).first().waitFor({ timeout: 90_000 });
  const number = Number(page.url().split('/').at(-1));
  const canaries = await until(async () => {
    const first = (await api('campaign', 'show', number)).members.filter((one) => one.wave === 0);
    return first.every((one) => one.state === 'proven') && first.map((one) => one.system);
  }, 'every canary is proven');
  const changed = (await api('system', 'list')).systems.filter((one) => canaries.includes(one.id));
  assert.ok(changed.length > 0 && changed.every((one) => one.level === 4), 'the canaries came to Level 4');
  const canary = settings.systems.find((one) => one.host_name === changed[0].host_name);
  assert.notDeepEqual(await outside(canary), doors[canary.host_name], 'its doors are others from outside');
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
  await page.locator('.head').getByText('Paused').waitFor();
  await page.getByRole('button', { name: 'Roll back' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: /^(Show|Roll back)$/ }).waitFor();
  if (await dialog.getByRole('button', { name: 'Show' }).isVisible()) {
    await dialog.getByRole('textbox', { name: 'Which' }).click();
    await page.getByRole('option', { name: 'the canaries' }).click();
    await dialog.getByRole('button', { name: 'Show' }).click();
  }
  await dialog.getByText('Stays:').first().waitFor();
  await dialog.getByRole('button', { name: 'Roll back' }).click();
  await page.locator('.states').getByText(`${changed.length} rolled back`).waitFor({ timeout: 90_000 });
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Stop it' }).click();
  await page.locator('.head').getByText('Cancelled').waitFor({ timeout: 90_000 });
  for (const one of changed) await countersign('system', 'observe', one.host_name);
  assert.deepEqual(await levels(), before, 'every system has its level again');
  for (const one of settings.systems) {
    const [now, then] = [await outside(one), doors[one.host_name]];
    assert.equal(now.http, then.http, `the old door of ${one.host_name}`);
    // The way in that was proven stays where there was none, and the page says so.
    if (now.https !== then.https) await page.getByRole('row').filter({ hasText: one.host_name.split('.')[0] }).getByText(/HTTPS stays on/).waitFor();
  }
});

await run('first visit to Level 4: a campaign with live progress takes the demonstration estate there; openssl verifies each system from outside', async (page) => {
  await page.getByRole('link', { name: 'Secure-Only', exact: true }).click();
  await page.getByRole('button', { name: 'Show the plan' }).click();
  await page.locator('[data-ready=campaign-plan]').waitFor({ timeout: 60_000 });
  await page.getByLabel('Name of the campaign').fill('Berlin to Level 4');
  await page.getByRole('button', { name: 'Start this plan' }).click();
  await page.getByRole('heading', { name: 'Berlin to Level 4' }).waitFor();
  await page.locator('.head').getByText('Done', { exact: true }).waitFor({ timeout: 150_000 });
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.getByRole('link', { name: `${names.length + 1} systems at level 4` }).waitFor();
  for (const one of [...settings.systems, settings.listed]) assert.ok((await seenByOpenssl(one.address, one.host_name)).verified, `${one.host_name} is verified from outside`);
});

await run('padlock: Chromium itself says that the manager is verified HTTPS, after Level 4', async (page) => {
  const cdp = await session.context.newCDPSession(page);
  const shown = new Promise((done) => cdp.on('Security.visibleSecurityStateChanged', ({ visibleSecurityState: one }) => one.certificateSecurityState && done(one)));
  await cdp.send('Security.enable');
  const answer = await page.goto(settings.url);
  const state = await shown;
  assert.equal(state.securityState, 'secure');
  assert.equal(state.certificateSecurityState.certificateHasWeakSignature, false);
  const details = await answer.securityDetails();
  assert.equal(details.subjectName, settings.host);
  assert.ok(await page.evaluate(() => window.isSecureContext));
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
});

await run('padlock: Chromium itself says that a system is verified HTTPS, after Level 4, by the estate’s root alone', async () => {
  const one = settings.systems[0];
  const place = `https://${one.host_name}:${443 + settings.offset}`;
  const there = await window_([place]);
  const cdp = await there.context.newCDPSession(there.page);
  const shown = new Promise((done) => cdp.on('Security.visibleSecurityStateChanged', ({ visibleSecurityState: state }) => state.certificateSecurityState && done(state)));
  await cdp.send('Security.enable');
  const answer = await there.page.goto(place);
  const details = await answer.securityDetails();
  assert.equal(details.subjectName, one.host_name);
  assert.match(details.issuer, /Countersign/);
  const state = await shown;
  assert.equal(state.securityState, 'secure');
  assert.equal(state.certificateSecurityState.certificateHasWeakSignature, false);
  await there.page.getByRole('button', { name: 'Log in' }).waitFor();
  await close(there);
  await closeBrowser();
});

await run('a system: its chain is drawn as a picture up to the root that is trusted, and one certificate is for both its sides', async (page) => {
  await go(page, '/systems');
  await page.getByRole('row').filter({ hasText: settings.systems[0].host_name }).getByRole('link').first().click();
  await page.getByRole('tab', { name: 'Certificate and trust' }).click();
  await page.locator('.link-anchor').waitFor();
  assert.ok((await page.locator('.chain .link').count()) >= 2);
  await page.getByText('It stands for both sides').waitFor();
  await page.getByText('has one: the purposes of a pair are 802.1X').waitFor();
});

await run('a system: its history says since when it is at Level 4, and what closed', async (page) => {
  await go(page, '/systems');
  await page.getByRole('row').filter({ hasText: settings.systems[0].host_name }).getByRole('link').first().click();
  await page.getByRole('tab', { name: 'History' }).click();
  const changed = page.getByRole('listitem').filter({ hasText: 'Seen changed' });
  await changed.getByText(/Level\s+\d → 4/).first().waitFor();
  await changed.getByText(/open, level \d → closed/).first().waitFor();
});

await run('navigator: a system is dragged into another folder', async (page) => {
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

await run('a command palette goes to places and systems by keyboard alone', async (page) => {
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

await run('readable at 1280 and on a phone', async (page) => {
  for (const path of ['/', '/systems', '/tickets', '/secure-only', '/certificates', '/settings']) {
    await go(page, path);
    for (const width of [900, 360]) {
      await page.setViewportSize({ width, height: 800 });
      await settled(page);
      await fits(page, `${path} at ${width}`);
    }
  }
  await page.getByRole('button', { name: 'Navigation' }).click();
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await page.setViewportSize({ width: 1280, height: 900 });
});

await run('log-in: out, and in again at the place that the address names', async (page) => {
  await logOut(page);
  await go(page, '/jobs');
  await logIn(page);
  await page.getByRole('heading', { name: 'Jobs' }).waitFor();
});

await close(session, [/\/observe/, /status of 50[234]/]);
