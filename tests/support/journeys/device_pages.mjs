// Every page of every family, and what people do at the door of a system.
import assert from 'node:assert/strict';
import { axe, close, closeBrowser, fits, journey, settings, window_ } from './browser.mjs';
import { fill, logIn, place, send, well } from './systems.mjs';

const { files, systems } = settings;
const urlOf = (system) => `https://${system.host}:${settings.port}`;
const byFamily = (family) => systems.find((one) => one.family === family);
// The certificates are the factory's here: what a browser says of those is the matter of the guides.
const insecure = { ignoreHTTPSErrors: true };
const refusals = [/status of 4\d\d/];

async function at(system, more = {}) {
  return window_([urlOf(system)], { ...insecure, ...more });
}

for (const system of systems.slice(0, -1)) {
  const session = await at(system);
  await journey(session, `every page of ${system.family}`, async (page) => {
    await page.goto(urlOf(system));
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    await axe(page, `${system.family}: log-in`);
    await logIn(page, urlOf(system), system);
    await page.locator('html[data-ready] main').waitFor();
    const places = await page.locator('nav a').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
    assert.ok(places.length >= 7, places.join(' '));
    for (const path of places) {
      const name = `${system.family} ${path}`;
      await page.setViewportSize({ width: 1280, height: 900 });
      await page.emulateMedia({ colorScheme: 'light' });
      await page.goto(urlOf(system) + path);
      await page.locator('html[data-ready]').waitFor();
      await axe(page, name);
      await fits(page, name);
      await page.emulateMedia({ colorScheme: 'dark' });
      // The same markup in other colours.
      await axe(page, `${name} in the dark`, ['color-contrast']);
      await page.setViewportSize({ width: 390, height: 844 });
      await fits(page, `${name} on a phone`);
      if (path === places[0]) {
        await page.reload();
        await page.locator('html[data-ready]').waitFor();
        assert.equal(await page.locator('nav details').evaluate((menu) => menu.open), false, 'the menu is closed on a phone');
        await axe(page, `${name} on a phone`);
      }
      assert.equal(await page.locator('[style], style, script:not([src])').count(), 0, `${name} has nothing inline`);
    }
  });
  await close(session);
}

const codec = byFamily('c-series');
const mcu = byFamily('mcu');
const rmx = byFamily('rmx');

{
  const session = await at(mcu, { javaScriptEnabled: false });
  await journey(session, 'the plain forms work without scripts: log in, change a setting, upload, log out', async (page) => {
    await page.goto(`${urlOf(mcu)}/network/snmp`);
    await page.getByLabel('User name').fill(mcu.user);
    await page.getByRole('button', { name: 'Log in' }).click();
    assert.equal(new URL(page.url()).pathname, '/network/snmp', 'back where one wanted to go');
    await page.getByLabel('Name', { exact: true }).fill('Without a script');
    await page.getByRole('button', { name: 'Update SNMP settings' }).click();
    await page.getByText('Changes applied.').waitFor();
    assert.match(await page.locator('header').innerText(), /Without a script/);
    await page.goto(`${urlOf(mcu)}/network/ssl_certificates`);
    await page.getByLabel('Certificate', { exact: true }).setInputFiles(files.certificate);
    await page.getByLabel('Private key', { exact: true }).setInputFiles(files.other);
    await page.getByRole('button', { name: 'Upload certificate and key' }).click();
    assert.match(await page.locator('.problem').innerText(), /CRT-014/, 'a wrong key is refused when it arrives');
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByText('You have logged out.').waitFor();
    await page.goto(`${urlOf(mcu)}/network/snmp`);
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
  });
  await close(session, refusals);
}

{
  const session = await at(codec);
  await journey(session, 'wrong files are told before they are sent, and right ones are shown as a picture', async (page) => {
    await logIn(page, urlOf(codec), codec);
    await place(page, 'Upload certificates');
    const uploads = [];
    page.on('request', (request) => request.url().endsWith('/certAdd') && uploads.push(request.url()));
    const labels = { certificate: 'HTTPS Certificate (PEM format)', key: 'Private Key (PEM format)', root: 'Trusted CA List file (PEM format)' };
    const form = await fill(page, 'Upload', { [labels.certificate]: [files.request] });
    await form.locator('.found.bad', { hasText: 'CRT-007' }).waitFor();
    assert.doesNotMatch(await form.locator('.found.bad').innerText(), /private key/i, 'a key that was not chosen yet is no finding');
    await fill(page, 'Upload', { [labels.certificate]: [files.certificate], [labels.key]: [files.other] });
    const finding = form.locator('.found.bad', { hasText: 'CRT-014' });
    await finding.waitFor();
    await axe(page, 'findings');
    assert.match(await finding.locator('.remedy').innerText(), /\w+.*\./, 'cause and remedy stand beside it');
    await form.getByRole('button', { name: 'Upload' }).click();
    await finding.waitFor();
    assert.deepEqual(uploads, [], 'nothing was sent');
    await fill(page, 'Upload', { [labels.key]: [files.key], [labels.root]: [files.root] });
    const picture = form.locator('.found.good', { hasText: 'What these files hold' });
    await picture.waitFor();
    assert.match(await picture.innerText(), new RegExp(`${codec.host}[\\s\\S]*Until`));
    assert.match(await form.locator('.found.good', { hasText: 'To be trusted: 1' }).innerText(), /Company Root CA/);
    await axe(page, 'the picture of files');
    await form.getByRole('button', { name: 'Upload' }).click();
    const question = page.getByRole('dialog');
    await question.getByText(/which you are using, shows the certificate of/).waitFor();
    await axe(page, 'the question about the connection');
    await question.getByRole('button', { name: 'Cancel' }).click();
    assert.deepEqual(uploads, [], 'cancelled: nothing was sent');
    await well(page, 'Upload', {});
    assert.equal(uploads.length, 1);
    assert.match(await page.getByRole('region', { name: 'Chain of the certificate that is in use' }).innerText(), /TANDBERG/, 'the factory\'s, until the restart');
    const chain = page.getByRole('region', { name: 'Chain of the certificate, from the next restart' });
    assert.match(await chain.innerText(), new RegExp(`${codec.host}[\\s\\S]*Company Root CA[\\s\\S]*trusts`));
    await place(page, 'Maintenance > Restart');
    assert.match(await page.locator('.notes').innerText(), /certificate.*comes into use/, 'what waits stands beside the button');
  });
  await close(session, refusals);
}

{
  const session = await at(rmx, { permissions: ['clipboard-read', 'clipboard-write'] });
  await journey(session, 'a request for a certificate in steps, with what the system knows, and copied', async (page) => {
    await logIn(page, urlOf(rmx), rmx);
    await place(page, 'Setup > RMX Secured Communication > Create certificate request');
    const form = page.locator('form[data-action=create_request]').first();
    await form.getByRole('button', { name: 'Next' }).click();
    await form.getByLabel('Organization', { exact: true }).fill('Company');
    await page.keyboard.press('Enter');
    const name = form.getByLabel('Common Name (DNS)');
    assert.equal(await name.inputValue(), rmx.host, 'the system knows its own name');
    await form.getByRole('button', { name: 'Next' }).click();
    await form.getByRole('button', { name: 'Next' }).click();
    const summary = await form.locator('dl').innerText();
    assert.match(summary, new RegExp(`Company[\\s\\S]*${rmx.host}`));
    await axe(page, 'the last step of a request');
    await form.getByRole('button', { name: 'Send Details' }).click();
    await page.getByText('BEGIN CERTIFICATE REQUEST').waitFor();
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    await form.getByRole('button', { name: 'Next' }).click();
    for (let step = 0; step < 3; ++step) await form.getByRole('button', { name: 'Next' }).click();
    await form.getByRole('button', { name: 'Send Details' }).click();
    assert.match(await form.locator('.found.bad').innerText(), /CRT-/, 'one is pending already, and would be lost');
    assert.match(copied.trim(), /^-----BEGIN CERTIFICATE REQUEST-----[\s\S]+-----END CERTIFICATE REQUEST-----$/);
  });
  await close(session);
}

{
  const session = await at(mcu);
  const second = await at(mcu);
  await journey(session, 'a page follows what others change, and leaves alone what is being edited', async (page) => {
    await logIn(page, urlOf(mcu), mcu);
    await place(page, 'Network > SNMP');
    const contact = page.getByLabel('Trap receiver address 1');
    await contact.fill('192.0.2.7');
    await logIn(second.page, urlOf(mcu), mcu);
    await place(second.page, 'Network > SNMP');
    await well(second.page, 'Update SNMP settings', { Name: 'Changed elsewhere' });
    await place(second.page, 'Network > Services');
    await page.locator('header', { hasText: 'Changed elsewhere' }).waitFor();
    assert.equal(await contact.inputValue(), '192.0.2.7', 'what is typed stays');
    await place(page, 'Network > Services');
    const streaming = page.getByLabel('Streaming (other), port A', { exact: true });
    const was = await streaming.isChecked();
    await well(second.page, 'Apply changes', { 'Streaming (other), port A': !was });
    await page.waitForFunction(([label, before]) => document.querySelector(`[aria-label="${label}"]`).checked !== before, ['Streaming (other), port A', was]);
  });
  await close(session);
  await close(second);
}

{
  const locked = systems.at(-1);
  const session = await at(locked);
  await journey(session, 'factory defaults ask for the name of the system; a new password ends every log-in', async (page) => {
    await logIn(page, urlOf(locked), locked);
    await place(page, 'Settings > Safety');
    const form = page.locator('form[data-action=restore_factory]');
    await form.getByRole('button').click();
    const question = page.getByRole('dialog');
    const go = question.getByRole('button', { name: 'Restore factory defaults and restart' });
    assert.equal(await go.isDisabled(), true);
    const name = (await page.locator('header .system').innerText()).replace(/TelePresence MCU$/, '').trim();
    await question.getByRole('textbox').fill('another');
    assert.equal(await go.isDisabled(), true, 'another name is not enough');
    await question.getByRole('textbox').fill(name);
    assert.equal(await go.isDisabled(), false);
    await question.getByRole('button', { name: 'Cancel' }).click();
    await place(page, 'Users > admin');
    await well(page, 'Change password', { 'New password': 'superstrongpasswordhere', 'Re-enter new password': 'superstrongpasswordhere' });
    await page.goto(`${urlOf(locked)}/network/services`);
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
  });
  await journey(session, 'the keyboard alone: past the menu, a change, and the answer', async (page) => {
    await page.goto(urlOf(locked));
    await page.getByLabel('User name').focus();
    await page.keyboard.type('admin');
    await page.keyboard.press('Tab');
    await page.keyboard.type('superstrongpasswordhere');
    await page.keyboard.press('Enter');
    await page.locator('html[data-ready] main').waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.className), 'skip', 'the first Tab leads past the menu');
    await page.keyboard.press('Enter');
    const labels = [];
    for (let field = 0; field < 5; ++field) {
      await page.keyboard.press('Tab');
      labels.push(await page.evaluate(() => document.activeElement.getAttribute('aria-label')));
    }
    assert.deepEqual([labels[0], labels[4]], ['Web, port A', 'Secure web, port A'], 'field by field');
    await page.keyboard.press('Space');
    await page.keyboard.press('Enter');
    const question = page.getByRole('dialog');
    await question.waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Change on trial', 'the answer is at hand');
    await page.keyboard.press('Escape');
    await question.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Log out' }).click();
  });
  await journey(session, 'a page whose log-in has ended says so, and sends nothing', async (page) => {
    const strong = { user: 'admin', password: 'superstrongpasswordhere' };
    await logIn(page, `${urlOf(locked)}/network/services`, strong);
    await page.getByRole('heading', { name: 'Services' }).first().waitFor();
    await session.context.clearCookies();
    await page.getByText('Your log-in has ended.').waitFor();
    await logIn(page, `${urlOf(locked)}/network/services`, strong);
    await page.getByRole('heading', { name: 'Services' }).first().waitFor();
    // Behind two slashes a browser reads the name of another host.
    await page.goto(`${urlOf(locked)}//elsewhere.example/`);
    await session.context.clearCookies();
    const again = page.getByRole('link', { name: 'Log in again' });
    await again.waitFor();
    assert.equal(await again.getAttribute('href'), '/-/log-in?to=%2Felsewhere.example%2F');
    await logIn(page, `${urlOf(locked)}/network/services`, strong);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByText('You have logged out.').waitFor();
  });
  await journey(session, 'guessing is locked out, also with the right password', async (page) => {
    for (let attempt = 0; attempt < 5; ++attempt) {
      await logIn(page, urlOf(locked), { user: 'admin', password: `guess ${attempt}` });
      await page.locator('.problem', { hasText: /DEV-010/ }).waitFor();
    }
    await logIn(page, urlOf(locked), { user: 'admin', password: 'superstrongpasswordhere' });
    assert.match(await page.locator('.problem').innerText(), /ACC-003/);
    await axe(page, 'a locked log-in');
  });
  await close(session, refusals);
}

{
  const plain = `http://${mcu.host}:${settings.plain}`;
  const session = await window_([plain, urlOf(mcu)], { ...insecure, httpCredentials: { username: mcu.user, password: mcu.password } });
  await journey(session, 'over HTTP the browser logs in with digest, and the page says what is in clear', async (page) => {
    const answer = await page.goto(`${plain}/network/services`);
    assert.equal(answer.status(), 200);
    assert.match(await page.locator('.in-clear').innerText(), /not encrypted[\s\S]*Your log-in itself is protected/);
    assert.equal(await page.getByRole('link', { name: 'Go to HTTPS' }).getAttribute('href'), `${urlOf(mcu)}/`);
    assert.equal(await page.getByRole('button', { name: 'Log out' }).count(), 0);
    await axe(page, 'HTTP');
  });
  await close(session);
}
await closeBrowser();
