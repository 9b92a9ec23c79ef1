// The web steps of the guides to Level 4, on each family's own pages; at the end the browser shows verified HTTPS. Changes on trial: one is
// confirmed over the new connection, one is not and goes back.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { axe, close, closeBrowser, journey, settings, window_ } from './browser.mjs';
import { fill, logIn, place, send, well } from './systems.mjs';

const { systems, strong } = settings;
const system = (family) => systems.find((one) => one.family === family);
const secure = (one) => `https://${one.host}:${settings.port}`;
const plain = (one) => `http://${one.host}:${settings.plain}`;
const refusals = [/status of 4\d\d/, /ERR_CONNECTION/, /Failed to fetch/, /ERR_EMPTY_RESPONSE/];

/** Over HTTP the browser itself answers the challenge. Credentials of Playwright's own would switch the browser's cache off, from which a page
 * has its look when its connection is closed already. */
async function over(one, user, password) {
  const session = await window_([plain(one), secure(one)]);
  await session.page.goto(plain(one).replace('//', `//${user}:${encodeURIComponent(password)}@`));
  return session;
}

/** Opens an address as soon as somebody is there. */
async function arrive(page, url) {
  for (const end = Date.now() + 30_000; ; ) {
    const answer = await page.goto(url).catch((error) => error);
    if (!(answer instanceof Error)) return answer;
    assert.ok(/ERR_CONNECTION|ERR_EMPTY|ERR_SOCKET|interrupted|ERR_ABORTED/.test(answer.message) && Date.now() < end, answer.message);
    await page.waitForTimeout(100);
  }
}

/** The padlock: this browser, which knows the company's root, finds nothing wrong with the certificate, and is in. */
async function padlock(one, user, password, work = async () => undefined) {
  const session = await window_([secure(one)]);
  await journey(session, `${one.family}: the browser shows verified HTTPS`, async (page) => {
    const answer = await arrive(page, `${secure(one)}/`);
    const details = await answer.securityDetails();
    assert.equal(details.issuer, 'Company Root CA');
    assert.equal(details.subjectName, one.host);
    assert.match(details.protocol, /TLS 1\.[23]/);
    await logIn(page, `${secure(one)}/`, { user, password });
    await page.locator('html[data-ready] nav').waitFor();
    assert.equal(await page.evaluate(() => isSecureContext && location.protocol), 'https:');
    await work(page);
  });
  await close(session, refusals);
}

async function untrusted(one) {
  const session = await window_([secure(one)]);
  await assert.rejects(session.page.goto(secure(one)), /ERR_CERT/, 'the factory certificate is nobody to this browser');
  await session.context.close();
}

/** What is the same on endpoints and on the server of their time: files, then settings, then the password, then the restart. */
async function oldSystem(one, { certificates, labels, settingsOf, passwordPlace, restartPlace, afterwards }) {
  let session = await over(one, 'anything', 'TANDBERG');
  await journey(session, `${one.family}: files and settings of the guide, over HTTP`, async (page) => {
    await page.goto(plain(one));
    await place(page, certificates);
    const files = { [labels.root]: [one.root], [labels.certificate]: [one.certificate], [labels.key]: [one.key] };
    assert.match(await send(page, 'Upload', { ...files, Passphrase: 'wrong' }), /CRT-005/, 'a wrong passphrase is told before anything is sent');
    await well(page, 'Upload', { Passphrase: 'open sesame' });
    assert.match(await page.getByRole('region', { name: 'Chain of the certificate, from the next restart' }).innerText(), new RegExp(`${one.host}[\\s\\S]*Company Root CA`));
    await settingsOf(page);
    await place(page, passwordPlace);
    await well(page, 'Change password', { 'New password': strong, 'Repeat the new password': strong });
  });
  await close(session, refusals);
  session = await over(one, 'anything', strong);
  await journey(session, `${one.family}: the restart, and where to go on`, async (page) => {
    await page.goto(plain(one));
    await place(page, restartPlace);
    assert.match(await page.locator('.notes').innerText(), /HTTP Mode: On becomes Off/i);
    await page.getByRole('button', { name: 'Restart the system' }).click();
    const question = page.getByRole('dialog');
    await question.getByText(/which you are using, closes at the next restart/).waitFor();
    assert.equal(await question.getByRole('link').getAttribute('href'), `${secure(one)}/`);
    await question.getByRole('button', { name: 'Restart the system' }).click();
    assert.equal(await page.locator('.away a').getAttribute('href'), `${secure(one)}/`);
    await axe(page, 'the wait for the restart');
  });
  await close(session, refusals);
  await padlock(one, 'anything', strong, afterwards);
}

/** Over the connection that the change was about. */
async function confirm(page) {
  const trial = page.getByRole('region', { name: 'Are you still here?' });
  await trial.getByRole('button', { name: 'Yes, keep the changes' }).click();
  await page.getByText('The change was confirmed.').waitFor();
  assert.equal(await trial.count(), 0);
}

const names = { 'Server 1': settings.dns, 'Domain name': settings.domain };
const time = { 'NTP address': settings.ntp };
const pem = { root: 'Root Certificate', certificate: 'HTTPS Certificate', key: 'Private Key' };

async function codec() {
  await oldSystem(system('c-series'), {
    certificates: 'Upload certificates',
    labels: { root: 'Trusted CA List file (PEM format)', certificate: 'HTTPS Certificate (PEM format)', key: 'Private Key (PEM format)' },
    passwordPlace: 'System Configuration > Password',
    restartPlace: 'Maintenance > Restart',
    settingsOf: async (page) => {
      await place(page, 'System Configuration > Misc');
      await well(page, 'Save', { 'NTP mode': 'On', ...time });
      await well(page, 'Save', { 'System name': 'Boardroom', Address: '127.0.0.1', Protocol: 'HTTPS', 'Phone book address': '127.0.0.1' });
      await place(page, 'Advanced configuration > Network 1 > IPv4');
      await well(page, 'Save', names);
      await place(page, 'System Configuration > Misc');
      const services = { HTTP: 'Off', HTTPS: 'On', Telnet: 'Off', SNMP: 'Off', SSH: 'On', 'Verify server certificate': 'On' };
      const form = await fill(page, 'Save', services);
      await form.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('dialog').getByText('HTTP Server, which you are using, closes at the next restart.').waitFor();
      await page.getByRole('dialog').getByRole('button', { name: 'Change on trial' }).click();
      await page.getByRole('region', { name: 'Are you still here?' }).getByText(/waits for a restart/).waitFor();
    },
    afterwards: confirm,
  });
}

async function mxp() {
  await oldSystem(system('mxp'), {
    certificates: 'System Configuration > Certificate Management',
    labels: pem,
    passwordPlace: 'System Configuration > Password',
    restartPlace: 'System Configuration > Restart',
    settingsOf: async (page) => {
      await place(page, 'System Configuration > Misc');
      await well(page, 'Save', { 'NTP mode': 'On', ...time });
      await well(page, 'Save', { 'System name': 'rm204-bld5', 'External manager address': '127.0.0.1', 'External manager protocol': 'HTTPS', 'External services': 'Off', 'Corporate directory': 'Off' });
      await place(page, 'System Configuration > IP');
      await well(page, 'Save', names);
      await place(page, 'System Configuration > Misc');
      await well(page, 'Save', { HTTP: 'Off', HTTPS: 'On', Telnet: 'Off', 'Telnet challenge': 'Off', FTP: 'Off', SNMP: 'Off', SSH: 'On', 'Verify server certificate': 'On' });
    },
  });
}

async function mps() {
  await oldSystem(system('mps'), {
    certificates: 'System Configuration > Certificate Management',
    labels: pem,
    passwordPlace: 'System Configuration > Password',
    restartPlace: 'System Configuration > Restart',
    settingsOf: async (page) => {
      await place(page, 'System Configuration > Misc');
      await well(page, 'Save', time);
      await well(page, 'Save', { 'System name': 'mps-204' });
      await place(page, 'System Configuration > IP');
      await well(page, 'Save', names);
      await place(page, 'System Configuration > External Manager');
      await well(page, 'Save', { Address: '127.0.0.1', Protocol: 'HTTPS', 'Certificate Verify Mode': 'On' });
      await place(page, 'System Configuration > Misc');
      await well(page, 'Save', { HTTP: 'Off', HTTPS: 'On', Telnet: 'Off', SNMP: 'Off', SSH: 'On' });
    },
  });
}

async function vcs() {
  const one = system('vcs');
  await untrusted(one);
  const session = await window_([secure(one)], { ignoreHTTPSErrors: true });
  await journey(session, 'vcs: the guide over HTTPS; the new certificate is on trial', async (page) => {
    await logIn(page, secure(one), { user: 'admin', password: 'TANDBERG' });
    await place(page, 'Maintenance > Security');
    await well(page, 'Upload CA certificate', { 'Select the file containing trusted CA certificates': [one.root] });
    const refused = await send(page, 'Upload server certificate data', { 'Select server private key': [one.key], 'Select server certificate file': [one.certificate] });
    assert.match(refused, /CRT-\d+[\s\S]*(encrypted|passphrase)/i, 'this family takes no encrypted key, and says so before it is sent');
    const files = { 'Select server private key': [one.open_key], 'Select server certificate file': [one.open_certificate] };
    await well(page, 'Upload server certificate data', files, 'Change on trial');
    const trial = page.getByRole('region', { name: 'Are you still here?' });
    assert.match(await trial.innerText(), /undone at[\s\S]*from now/);
    await axe(page, 'a change on trial');
  });
  await padlock(one, 'admin', 'TANDBERG', async (page) => {
    await confirm(page);
    await place(page, 'System Configuration > System');
    assert.match(await send(page, 'Save', { 'HTTPS Enabled': 'Off', 'SSH Enabled': 'Off', 'Telnet Enabled': 'Off' }), /DEV-005/, 'HTTP is no way in: it only redirects');
    await well(page, 'Save', { 'Telnet Enabled': 'Off', 'HTTP Enabled': 'Off', 'HTTPS Enabled': 'On', 'SSH Enabled': 'On', 'System name': 'vcs-ext' });
    await place(page, 'System Configuration > SNMP');
    await well(page, 'Save', { Enabled: 'Off' });
    await place(page, 'System Configuration > External Manager');
    await well(page, 'Save', { Address: '127.0.0.1', Protocol: 'HTTPS' });
    await place(page, 'System > Time');
    await well(page, 'Save', { 'NTP Server': settings.ntp });
    await place(page, 'System > DNS');
    await well(page, 'Save', { 'Address 1': settings.dns, 'Domain name': settings.domain });
    await place(page, 'Maintenance > Administration > Administration Accounts > View/Edit admin');
    await well(page, 'Save', { Password: strong, 'Confirm password': strong });
    await logIn(page, `${secure(one)}/restart`, { user: 'admin', password: strong });
    await well(page, 'Restart system', {}, 'Restart system');
    await page.getByText('This page waits for it').waitFor();
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
  });
  await session.context.close();
  await padlock(one, 'admin', strong);
}

async function mcu() {
  const one = system('mcu');
  let session = await over(one, 'admin', '');
  await journey(session, 'mcu: a change that nobody confirms goes back by itself', async (page) => {
    await page.goto(plain(one));
    await place(page, 'Settings > Safety');
    await well(page, 'Begin', { 'Undo after (seconds)': '12' });
    await page.getByRole('region', { name: 'Are you still here?' }).waitFor();
    await place(page, 'Network > Services');
    await well(page, 'Apply changes', { 'Web, port A': false, 'Secure web, port A': true }, 'Apply changes');
    const question = page.getByRole('region', { name: 'Are you still here?' });
    await question.getByText(/is not open after the change/).waitFor();
    assert.equal(await question.getByRole('link').getAttribute('href'), `${secure(one)}/`);
    assert.equal(await question.getByRole('button', { name: 'Yes, keep the changes' }).count(), 0, 'not over a connection that proves nothing');
    await page.getByText('This system does not answer.').waitFor();
    await question.waitFor({ state: 'detached' });
    assert.equal(await page.getByLabel('Web, port A', { exact: true }).isChecked(), true, 'HTTP is on again');
    await page.getByText('This system does not answer.').waitFor({ state: 'detached' });
    await untrusted(one).then(() => assert.fail('HTTPS is off again'), () => undefined);
  });
  await journey(session, 'mcu: the guide, with the services on trial', async (page) => {
    await place(page, 'Network > SSL certificates');
    await well(page, 'Upload certificate and key', { Certificate: [one.certificate], 'Private key': [one.key], 'Private key encryption password': 'open sesame' });
    await page.locator('.banner', { hasText: /restart/i }).first().waitFor();
    await well(page, 'Apply changes', { 'Certificate verification settings': 'Outgoing connections only' });
    await well(page, 'Upload trust store', { 'Trust store': [one.root] });
    await place(page, 'Settings > Time');
    await well(page, 'Update NTP settings', { 'Enable NTP': true, 'NTP host': settings.ntp });
    await place(page, 'Network > Port A');
    await well(page, 'Update DNS configuration', { 'Name server': settings.dns, 'Domain name (DNS suffix)': settings.domain });
    await place(page, 'Users > admin');
    await well(page, 'Change password', { 'New password': strong, 'Re-enter new password': strong });
  });
  await close(session, refusals);
  session = await over(one, 'admin', strong);
  await journey(session, 'mcu: secure web alone', async (page) => {
    await page.goto(plain(one));
    await place(page, 'Network > Services');
    assert.match(await send(page, 'Apply changes', { 'Web, port A': false }), /DEV-005/, 'no way in may be closed before another is open (SVC-6)');
    await well(page, 'Apply changes', { 'Web, port A': false, 'Secure web, port A': true, 'FTP, port A': false, 'SNMP, port A': false });
  });
  await close(session, refusals);
  session = await window_([secure(one)], { ignoreHTTPSErrors: true });
  await journey(session, 'mcu: shutdown, twice, then restart', async (page) => {
    await arrive(page, secure(one));
    await logIn(page, `${secure(one)}/settings/shutdown`, { user: 'admin', password: strong });
    assert.match(await page.locator('.notes').innerText(), /certificate.*comes into use/);
    await well(page, 'Shutdown', {}, 'Shutdown');
    await well(page, 'Shutdown', {}, 'Shutdown');
    await well(page, 'Restart', {}, 'Restart');
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
  });
  await close(session, refusals);
  await padlock(one, 'admin', strong);
}

async function rmx() {
  const one = system('rmx');
  const session = await over(one, 'POLYCOM', 'POLYCOM');
  await journey(session, 'rmx: a request, its answer, and secured communication on trial', async (page) => {
    await page.goto(plain(one));
    await place(page, 'Setup > RMX Secured Communication > Create certificate request');
    const form = page.locator('form[data-action=create_request]').first();
    for (let step = 0; step < 4; ++step) await form.getByRole('button', { name: 'Next' }).click();
    await form.getByRole('button', { name: 'Send Details' }).click();
    const cell = page.locator('td.text', { hasText: 'BEGIN CERTIFICATE REQUEST' });
    const request = /-----BEGIN[\s\S]*END CERTIFICATE REQUEST-----/.exec(await cell.evaluate((one_) => one_.textContent))[0];
    writeFileSync(`${settings.folder}/rmx.csr`, `${request}\n`);
    execFileSync('openssl', ['x509', '-req', '-in', `${settings.folder}/rmx.csr`, '-CA', one.root, '-CAkey', settings.company_key, '-CAcreateserial', '-days', '90', '-extfile', one.extensions, '-out', `${settings.folder}/rmx.pem`], { stdio: 'ignore' });
    await place(page, 'Setup > RMX Secured Communication > Send certificate');
    assert.match(await send(page, 'Send Certificate', { 'Certificate text': `${request}\n` }), /CRT-007/, 'a request in place of its answer');
    const said = await well(page, 'Send Certificate', { 'Certificate text': readFileSync(`${settings.folder}/rmx.pem`, 'utf8') });
    assert.match(said, /created successfully/);
    await place(page, 'Setup > RMX Secured Communication > Certification Repository');
    await well(page, 'Install Trusted Certificates', { 'Certificate Files': [one.root] });
    await place(page, 'Setup > IP Network Services > Management Network');
    const before = await fill(page, 'OK', { 'Secured Communication': true });
    await before.getByRole('button', { name: 'OK' }).click();
    const question = page.getByRole('dialog');
    await question.getByText('HTTP, which you are using, closes at once.').waitFor();
    await question.getByRole('button', { name: 'Change on trial' }).click();
    const trial = page.getByRole('region', { name: 'Are you still here?' });
    await trial.getByText(/is not open after the change/).waitFor();
    assert.equal(await trial.getByRole('link').getAttribute('href'), `${secure(one)}/`);
  });
  await close(session, refusals);
  await padlock(one, 'POLYCOM', 'POLYCOM', async (page) => {
    await confirm(page);
    await place(page, 'Administration > Users > Change User Password');
    await well(page, 'OK', { 'Old Password': 'POLYCOM', 'New Password': strong, 'Confirm New Password': strong });
  });
  await padlock(one, 'POLYCOM', strong);
}

for (const guide of [codec, mxp, mps, vcs, mcu, rmx]) await guide();
await closeBrowser();
