// The daily work of administrators: what changes by itself, lists that are kept and taken elsewhere, two identities, authorities of the company.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { api, axe, close, countersign, go, journey, logIn, open, openssl, program, saved, seenByOpenssl, settings, settled, until, visit } from './browser.mjs';

const session = await open({ name: 'work' });
const run = (name, work) => journey(session, name, work);
const company = (file) => join(settings.company, file);

/** The company's authority signs with openssl: what a person there would send back. */
async function signed(request, name, host) {
  const [extensions, certificate, answer] = ['ext', 'pem', 'answer.pem'].map((ending) => company(`${name}.${ending}`));
  writeFileSync(extensions, `subjectAltName=DNS:${host}\nextendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=CA:FALSE\n`);
  await openssl('x509', '-req', '-in', request, '-CA', company('issuing.pem'), '-CAkey', company('issuing.key'), '-CAcreateserial', '-out', certificate, '-extfile', extensions, '-days', 300);
  writeFileSync(answer, readFileSync(certificate, 'utf8') + readFileSync(company('issuing.pem'), 'utf8') + readFileSync(settings.companyRoot, 'utf8'));
  return answer;
}

await run('two identities: the policy asks for them, the families say which can and why not', async (page) => {
  await go(page, '/');
  await logIn(page);
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await go(page, '/settings/policy');
  const table = page.getByRole('table', { name: 'Identities of the families' });
  await table.getByRole('row').filter({ hasText: settings.two.family }).getByText(/^Two, from software/).waitFor();
  await table.getByRole('row').filter({ hasText: settings.one.family }).getByText(/802\.1X/).waitFor();
  await page.getByRole('button', { name: 'Change', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Certificates of a system' }).click();
  await page.getByRole('option', { name: /^Two/ }).click();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The policy is saved.').waitFor();
  assert.equal((await api('policy', 'show')).identities, 'two');
  await countersign('campaign', 'start', settings.two.host_name, settings.one.host_name, '--goal', 'verify', '--name', 'both', '--confirm', 'each', '--yes', '--wait');
  await go(page, `/systems/${settings.two.id}/certificate`);
  await page.getByRole('heading', { name: 'For its server: what it serves' }).waitFor();
  await page.getByRole('heading', { name: 'For its calls: what it shows the manager' }).waitFor();
  const [server, calls] = await page.locator('.chain').evaluateAll((all) => all.map((one) => one.querySelector('a').getAttribute('href').split('/').at(-1)));
  assert.equal(server, (await seenByOpenssl(settings.two.address, settings.two.host_name)).fingerprint, 'openssl sees the server’s');
  assert.equal((await api('inventory', 'show', calls)).purpose, 'system_client');
  await axe(page, 'two identities');
  await go(page, `/systems/${settings.one.id}/certificate`);
  await page.getByText('The policy wants two.').waitFor();
  await page.getByText(/it keeps one certificate, with both usages: .*802\.1X/).waitFor();
});

await run('two identities of a folder: its own choice, where its settings are', async (page) => {
  await countersign('folder', 'add', '/Company');
  await go(page, '/systems?folder=/Company');
  await page.getByRole('button', { name: 'Settings for new systems' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Certificates of a system' }).click();
  await page.getByRole('option', { name: /^One/ }).click();
  await dialog.getByRole('textbox', { name: 'Certificates come from' }).click();
  await page.getByRole('option', { name: 'An authority that people ask' }).click();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The settings are saved.').waitFor();
  const { own } = await api('folder', 'defaults', 'show', '/Company');
  assert.deepEqual([own.identities, own.issuer], ['one', 'by_hand']);
});

await run('issuers: the profiles of certificates, as the command says them', async (page) => {
  await go(page, '/issuers');
  const table = page.getByRole('table', { name: 'Profiles of certificates' });
  const { profiles } = await api('authority', 'profiles');
  for (const one of profiles) {
    const row = table.getByRole('row').filter({ has: page.getByText(one.title, { exact: true }) });
    assert.match(await row.innerText(), new RegExp(`${one.days}, at most ${one.longest_days}`), one.name);
  }
});

await run('requests by hand: downloaded in the browser, signed by openssl, answered in the browser, served by the system', async (page) => {
  const { by_hand: system } = settings;
  await countersign('system', 'move', system.host_name, '--to', '/Company');
  await countersign('campaign', 'start', system.host_name, '--goal', 'verify', '--name', 'by hand', '--confirm', 'each', '--yes', '--wait').catch(() => undefined);
  await go(page, '/requests');
  await page.getByRole('row').filter({ hasText: system.host_name.split('.')[0] }).waitFor();
  const bundle = await saved(page, page.getByRole('link', { name: 'Download the open ones' }));
  assert.match(bundle.name, /\.zip$/);
  const unpacked = company('requests');
  mkdirSync(unpacked);
  await program('python3', ['-m', 'zipfile', '-e', bundle.file, unpacked]);
  const requests = readdirSync(unpacked, { recursive: true }).filter((name) => /\.(pem|csr)$/.test(name));
  assert.equal(requests.length, 1, String(requests));
  await openssl('req', '-in', join(unpacked, requests[0]), '-noout', '-verify');
  const answer = async (file) => {
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Bring answers' }).click();
    await (await chooser).setFiles(file);
  };
  await answer(await signed(join(unpacked, requests[0]), 'wrong', 'stranger.company.com'));
  await page.getByText('0 answers taken, 1 refused').waitFor();
  await page.locator('.link-bad').getByText('What to do:').waitFor();
  await answer(await signed(join(unpacked, requests[0]), 'right', system.host_name));
  await page.getByText('1 answer taken, 0 refused').waitFor();
  const wanted = (await openssl('x509', '-in', company('right.pem'), '-noout', '-fingerprint', '-sha256')).split('=')[1].trim().replaceAll(':', '').toLowerCase();
  await until(async () => (await seenByOpenssl(system.address, system.host_name, settings.companyRoot)).fingerprint === wanted, 'the system serves the answer');
  assert.ok((await seenByOpenssl(system.address, system.host_name, settings.companyRoot)).verified);
  await page.getByText('No open requests').waitFor();
});

await run('a company’s certificate for the manager: asked for, signed by openssl and installed in the browser, which then is shown it', async (page) => {
  await go(page, '/set-up/name');
  await page.getByLabel('One of your company’s authority').check();
  await page.getByRole('button', { name: 'Request', exact: true }).click();
  let dialog = page.getByRole('dialog');
  await dialog.getByLabel('Organization').fill('Company');
  const made = await saved(page, dialog.getByRole('button', { name: 'Make key and request' }));
  assert.ok(!made.text.includes('PRIVATE'));
  await page.getByRole('button', { name: 'Bring the answer' }).click();
  dialog = page.getByRole('dialog');
  const file = dialog.locator('input[type=file]').first();
  await file.setInputFiles(await signed(made.file, 'wrong-name', 'stranger.company.com'));
  await dialog.getByRole('button', { name: 'Install' }).click();
  await dialog.locator('.error-id').waitFor();
  await file.setInputFiles(await signed(made.file, 'manager', settings.host));
  await dialog.getByRole('button', { name: 'Install' }).click();
  await page.getByText('The certificate is installed.').waitFor();
  await until(async () => (await seenByOpenssl(settings.address, settings.host, settings.companyRoot)).verified, 'openssl verifies it by the company’s root');
  const again = await open({ name: 'company' });
  const answer = await again.page.goto(settings.url);
  assert.equal((await answer.securityDetails()).issuer, 'Company Issuing CA', 'Chromium is shown the company’s');
  await close(again);
  await go(page, '/about');
  await page.getByRole('button', { name: 'Internal authority' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Go back' }).click();
  await until(async () => (await seenByOpenssl(settings.address, settings.host)).verified, 'the internal authority’s again');
});

await run('live by server-sent events: what a command changes is shown without a reload', async (page) => {
  await go(page, '/systems');
  await page.getByRole('row').filter({ hasText: settings.one.host_name }).waitFor();
  await page.evaluate(() => (window.same = true));
  await countersign('system', 'set', settings.one.host_name, '--name', 'Renamed by a command');
  await page.getByRole('row').filter({ hasText: 'Renamed by a command' }).waitFor();
  await countersign('system', 'add', '--ip', `${settings.net}.98`, '--family', 'mcu', '--name', 'Added by a command');
  await page.getByRole('row').filter({ hasText: 'Added by a command' }).waitFor();
  await page.getByRole('link', { name: 'Tickets', exact: true }).click();
  await page.getByRole('row').filter({ hasText: 'Added by a command' }).waitFor({ timeout: 60_000 });
  await countersign('system', 'remove', 'Added by a command');
  await page.getByRole('row').filter({ hasText: 'Added by a command' }).waitFor({ state: 'detached', timeout: 60_000 });
  assert.equal(await page.evaluate(() => window.same), true, 'the page was never loaded again');
});

await run('settings: what the system itself says, found by its own words, beside what is kept for it and what the plan makes of it', async (page) => {
  const { id, host_name: host } = settings.one;
  const said = (await api('system', 'settings', host)).settings;
  await visit(page, `/systems/${id}`);
  await page.getByRole('tab', { name: 'Settings' }).click();
  const table = page.getByRole('table', { name: 'Settings of the system' });
  await table.waitFor();
  assert.equal(await table.locator('tbody tr').count(), said.length);
  const own = said.find((one) => !one.name);
  await page.getByLabel('Find a setting').fill(own.path.toLowerCase());
  await until(async () => (await table.locator('tbody tr').count()) === said.filter((one) => one.path.includes(own.path)).length);
  assert.ok((await table.innerText()).includes(own.value));
  const kept = said.find((one) => one.name === 'system.name');
  await countersign('system', 'connection', host, '--persistent', 'system.name=Kept Room');
  await visit(page, `/systems/${id}/settings?show=kept`);
  await page.getByRole('button', { name: 'Ask it again' }).click();
  await table.waitFor();
  assert.match(await table.innerText(), /Kept Room/);
  assert.equal(await table.locator('tbody tr').count(), 1);
  await page.getByText('The plan changes them').click();
  const changes = (await api('system', 'settings', host)).settings.filter((one) => one.wanted !== null);
  assert.deepEqual(changes.filter((one) => one.name === 'system.name').map((one) => [one.value, one.wanted]), [[kept.value, 'Kept Room']]);
  await until(async () => (await table.locator('tbody tr').count()) === changes.length);
  await countersign('system', 'connection', host, '--no-persistent');
});

await run('every table exports CSV, with a head and each of its rows', async (page) => {
  await countersign('system', 'add', '--ip', `${settings.net}.97`, '--family', 'mcu', '--name', '=1+1');
  await countersign('preregistration', 'add', '--mac', '00:50:60:A1:B2:C3', '--name', 'Boardroom');
  const number = (await api('campaign', 'list')).campaigns[0].id;
  const places = ['/systems', '/tickets?state=all', '/certificates', '/requests?state=all', '/jobs', '/audit', '/people', '/tokens', '/campaigns', `/campaigns/${number}`, '/arrivals/announced', '/issuers', '/roots',
    '/settings/policy', '/settings/vendors', `/systems/${settings.one.id}/evidence`, `/systems/${settings.one.id}/settings`, `/systems/${settings.one.id}/certificate`, `/systems/${settings.one.id}/plan?goal=off`];
  let tables = 0;
  const written = [];
  for (const path of places) {
    await visit(page, path);
    await settled(page);
    await page.locator('.table, table.short').first().waitFor();
    const shown = await page.locator('.table, table.short').count();
    const buttons = page.getByRole('button', { name: /^Save .*CSV$/ });
    assert.ok(shown > 0 && (await buttons.count()) >= shown, `${path} has ${shown} tables and ${await buttons.count()} buttons`);
    for (let i = 0; i < (await buttons.count()); ++i) {
      const rows = await buttons.nth(i).evaluate((button) => (button.closest('.list') ?? button.closest('.short-scroll')).querySelectorAll('.body-row, tbody tr').length);
      const file = await saved(page, buttons.nth(i));
      assert.match(file.name, /\.csv$/, path);
      assert.ok(file.text.trimEnd().split('\r\n').length >= rows + 1, `${path}: ${rows} rows, but ${file.text}`);
      if (path === '/systems') assert.match(file.text, /'=1\+1/, 'no spreadsheet takes a name for a formula');
      // Times in full, whatever the table says of them in words; an empty text is a time that is not there.
      const times = await buttons.nth(i).evaluate((button) => [...(button.closest('.short-scroll') ?? button).querySelectorAll('td time')].map((one) => one.dateTime));
      for (const time of times) assert.ok(time.endsWith('Z') && file.text.includes(time), `${path}: ${time} is not in ${file.text}`);
      written.push([path, file.text]);
      tables += 1;
    }
  }
  assert.ok(tables >= places.length, String(tables));
  const fileOf = (path, words) => written.find(([place, text]) => place.startsWith(path) && text.startsWith(words))[1];
  // What stands shortened on the screen is in the file as it is.
  const { trusted_roots: trusted } = (await api('system', 'show', settings.one.host_name)).assessment;
  assert.ok(trusted.length > 0);
  const roots = fileOf(`/systems/${settings.one.id}/certificate`, 'Root,SHA-256');
  for (const one of trusted) assert.ok(roots.includes(`,${one}\r\n`), `${one} is not in ${roots}`);
  assert.match(fileOf('/roots', ''), /[0-9a-f]{64}/);
  assert.match(fileOf('/settings/vendors', ''), /[0-9a-f]{64}/);
  // The plan's settings, side by side.
  const plan = fileOf(`/systems/${settings.one.id}/plan`, 'Setting,Now,Then').trimEnd().split('\r\n');
  const settingsShown = await page.getByRole('table', { name: /^Settings of step/ }).first().locator('tbody tr').evaluateAll((all) => all.map((row) => [...row.cells].map((one) => one.innerText)));
  assert.ok(settingsShown.length > 0 && plan.length === settingsShown.length + 1);
  for (const [i, cells] of settingsShown.entries()) for (const one of cells) assert.ok(plan[i + 1].includes(one.slice(0, 20)), `${one} is not in ${plan[i + 1]}`);
});

await run('saved views and chosen columns: kept under a name, and the same by their address', async (page) => {
  await go(page, '/systems');
  await page.getByRole('textbox', { name: 'Family' }).click();
  await page.getByRole('option', { name: settings.by_hand.family }).click();
  await page.waitForFunction(() => /family=/.test(location.search));
  await page.getByRole('button', { name: 'Choose columns' }).click();
  await page.getByRole('menuitemcheckbox', { name: 'Serial number' }).click();
  await page.keyboard.press('Escape');
  await page.getByRole('columnheader', { name: 'Serial number' }).waitFor();
  await page.getByRole('columnheader', { name: 'Name' }).getByRole('button').click();
  await page.getByRole('columnheader', { name: 'Name' }).getByRole('button').click();
  await page.waitForFunction(() => /sort=-name/.test(location.search));
  const rows = () => page.locator('.body-row').allInnerTexts();
  await page.getByText(settings.by_hand.serial).waitFor();
  await settled(page);
  const seen = await rows();
  await page.getByRole('button', { name: 'Views' }).click();
  await page.getByRole('menuitem', { name: 'Save this view…' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('Ours');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByText('The view is saved.').waitFor();
  const address = page.url();
  await go(page, '/systems');
  await page.getByRole('row').filter({ hasText: settings.two.host_name }).waitFor();
  await page.getByRole('button', { name: 'Views' }).click();
  await page.getByRole('menuitem', { name: 'Ours' }).click();
  await page.waitForFunction(() => /family=/.test(location.search));
  await page.getByText(settings.by_hand.serial).waitFor();
  await settled(page);
  assert.deepEqual(await rows(), seen);
  const other = await session.context.newPage();
  await other.goto(address);
  await other.getByText(settings.by_hand.serial).waitFor();
  assert.deepEqual(await other.locator('.body-row').allInnerTexts(), seen, 'the address alone is enough');
  await other.close();
});

await run('deep links: a part of a system, a ticket, a campaign, a certificate and a setting open by their addresses', async (page) => {
  const ticket = (await api('ticket', 'list', '--state', 'all')).tickets[0];
  const campaign = (await api('campaign', 'list')).campaigns[0];
  const { fingerprint } = await seenByOpenssl(settings.one.address, settings.one.host_name);
  for (const [path, heading] of [
    [`/systems/${settings.two.id}/history`, 'What happened'], [`/tickets/${ticket.id}`, ticket.title], [`/campaigns/${campaign.id}`, campaign.name], [`/certificates/${fingerprint}`, settings.one.host_name],
    ['/settings/network', 'Doors and names'], ['/arrivals/scans', 'Arrivals'], [`/systems/${settings.one.id}/plan?goal=off`, 'What would be done'], ['/set-up/systems', 'Set-up'], ['/nowhere', ''],
  ]) {
    await go(page, path);
    if (heading) await page.getByRole('heading', { name: heading }).first().waitFor();
    else await page.getByText('There is no such page').waitFor();
    assert.equal(page.url(), settings.url + path);
  }
  const { key, key_made: maker } = await api('inventory', 'show', fingerprint);
  assert.equal(maker, 'manager');
  await go(page, `/certificates/${fingerprint}`);
  await page.getByText(`${key}, made by the manager`).waitFor();
});

await run('dates in the user’s zone, with UTC when one points at them', async (page) => {
  await go(page, '/audit');
  const time = page.locator('time').first();
  await time.waitFor();
  const [at, title, text] = await time.evaluate((one) => [one.dateTime, one.title, one.innerText]);
  const berlin = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'Europe/Berlin' }).format(new Date(at));
  assert.equal(text.trim(), berlin);
  assert.equal(title, `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`);
  assert.ok(!berlin.includes(at.slice(11, 16)), 'the zone of this browser is not UTC');
});

await run('keyboard alone: a folder is made, a system is selected in the table and moved, without the mouse', async (page) => {
  const { keyboard } = page;
  /** Presses Tab until what has the focus is called so, as a screen reader says it. */
  const tabTo = async (name, back = false) => {
    for (let i = 0; i < 150; ++i) {
      await keyboard.press(back ? 'Shift+Tab' : 'Tab');
      const said = await page.evaluate(() => {
        const one = document.activeElement;
        return one.getAttribute('aria-label') ?? one.labels?.[0]?.innerText ?? one.innerText ?? '';
      });
      if (name.test(said.trim())) return;
    }
    assert.fail(`Tab does not reach ${name}`);
  };
  await go(page, '/');
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await keyboard.press('Control+k');
  await page.getByPlaceholder('A place, an action, or a system…').waitFor();
  await keyboard.type('navigator');
  await keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Systems', exact: true }).waitFor();
  await page.getByRole('row').filter({ hasText: settings.by_hand.host_name }).waitFor();
  await tabTo(/^New folder$/);
  await keyboard.press('Enter');
  await page.getByRole('dialog').getByLabel('Name').waitFor();
  await page.waitForFunction(() => document.activeElement?.closest('[role=dialog]'));
  if (!(await page.evaluate(() => document.activeElement.tagName === 'INPUT'))) await tabTo(/^Name/);
  await keyboard.type('Keyboard');
  await keyboard.press('Enter');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: /^Keyboard/ }).waitFor();
  await tabTo(/^Select (?!all)/);
  await keyboard.press('Space');
  await page.getByText('1 system selected').waitFor();
  await tabTo(/^Move to…$/, true);
  await keyboard.press('Enter');
  await page.getByRole('menuitem', { name: '/Keyboard' }).waitFor();
  for (let i = 0; i < 30 && !(await page.evaluate(() => document.activeElement.innerText === '/Keyboard')); ++i) await keyboard.press('ArrowDown');
  await keyboard.press('Enter');
  await page.getByText('1 system moved to /Keyboard.').waitFor();
  assert.equal((await api('system', 'list', '--folder', '/Keyboard')).systems.length, 1);
});

await close(session, [/status of 422/, /status of 50[234]/, /net::ERR_(CONNECTION|HTTP2|NETWORK|EMPTY|INCOMPLETE)/]);
