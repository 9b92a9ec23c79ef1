// Every day: what is done by click is what the API says afterwards.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { api, axe, close, countersign, go, journey, logIn, open, openssl, program, seenByOpenssl, settings, settled, until } from './browser.mjs';

const session = await open({ name: 'everyday' });
const run = (name, work) => journey(session, name, work);
const { room, lobby, locked } = settings;
const dialogOf = (page) => page.getByRole('dialog');
const press = async (page, name) => dialogOf(page).getByRole('button', { name, exact: true }).click();
const closed = (page) => dialogOf(page).waitFor({ state: 'detached' });
const served = async (one) => (await seenByOpenssl(one.address, one.host_name)).fingerprint;

await run('“Try” with a wrong password: reached, but the manager cannot log in, with what the system said; with the right one it was reached', async (page) => {
  await go(page, '/');
  await logIn(page);
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await go(page, `/systems/${locked.id}/connection`);
  await page.getByRole('button', { name: 'Try', exact: true }).click();
  const outcome = page.locator('.outcome');
  await outcome.waitFor({ timeout: 60_000 });
  const { assessment: seen } = await api('system', 'show', locked.host_name);
  const logon = seen.readiness.find((one) => one.id === 'logon');
  assert.ok(seen.level > 0 && logon.state === 'no', 'the manager itself says so');
  const said = await outcome.innerText();
  assert.match(said, /Reached, but the manager cannot log in/);
  assert.ok(said.includes(logon.evidence), said);
  for (const one of seen.findings) assert.ok(said.includes(one), one);
  await axe(page, 'what came of a try');
});

await run('tickets: acknowledged, assigned, commented, snoozed, woken and closed', async (page) => {
  const ticket = (await api('ticket', 'list')).tickets.find((one) => one.type === 'login_failed');
  const now = () => api('ticket', 'show', ticket.id);
  await go(page, `/tickets/${ticket.id}`);
  await page.getByRole('button', { name: 'Acknowledge' }).click();
  await dialogOf(page).getByLabel('Comment').fill('I look for the password.');
  await press(page, 'Acknowledge');
  await closed(page);
  await page.getByText('I look for the password.').first().waitFor();
  assert.equal((await now()).acknowledged_by, 'admin');
  await page.getByRole('button', { name: 'Assign' }).click();
  await dialogOf(page).getByLabel('Account').fill('admin');
  await press(page, 'Assign');
  await closed(page);
  assert.equal((await now()).assignee, 'admin');
  await page.getByRole('button', { name: 'Comment' }).click();
  await dialogOf(page).getByLabel('Comment').fill('It is on a note in the room.');
  await press(page, 'Add');
  await closed(page);
  await page.getByText('It is on a note in the room.').first().waitFor();
  await page.getByRole('button', { name: 'Snooze' }).click();
  const tomorrow = new Date(Date.now() + 86_400_000);
  await dialogOf(page).getByLabel('Until').fill(`${tomorrow.toISOString().slice(0, 10)}T08:00`);
  await press(page, 'Snooze');
  await closed(page);
  const berlin = (at) => new Intl.DateTimeFormat('en-GB', { timeStyle: 'short', timeZone: 'Europe/Berlin' }).format(new Date(at));
  assert.equal(berlin((await now()).snoozed_until), '08:00', 'the hour is that of the person’s zone');
  await page.getByRole('button', { name: 'End the snooze' }).click();
  await press(page, 'End the snooze');
  await closed(page);
  assert.equal((await now()).snoozed_until, null);
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  await dialogOf(page).getByLabel('Reason').fill('Found.');
  await press(page, 'Close it');
  await closed(page);
  const history = (await now()).events.filter((one) => one.actor === 'admin');
  for (const text of ['I look for the password.', 'It is on a note in the room.', 'Found.']) assert.ok(history.some((one) => one.text.includes(text)), text);
  assert.ok(history.some((one) => one.kind === 'closed'), JSON.stringify(history));
});

await run('connection settings: the right password is given by click, and “Try” says that it was reached', async (page) => {
  await go(page, `/systems/${locked.id}/connection`);
  await page.getByRole('button', { name: 'Change', exact: true }).first().click();
  await dialogOf(page).getByLabel('Password').fill(settings.secret);
  await press(page, 'Save');
  await closed(page);
  // After five wrong passwords a system listens to nobody of that address for half a minute.
  await until(async () => {
    const answer = page.waitForResponse((one) => one.url().endsWith('/observe'), { timeout: 60_000 });
    await page.getByRole('button', { name: 'Try', exact: true }).click();
    await answer;
    await page.locator('.outcome').waitFor();
    return (await page.locator('.outcome').innerText()).startsWith('It was reached\n');
  }, 'the right password opens it', 90);
});

await run('arrivals: a system that called is accepted and is one of the estate', async (page) => {
  await go(page, '/arrivals');
  await page.getByRole('row').filter({ hasText: lobby.serial }).getByRole('button', { name: 'Accept' }).click();
  await dialogOf(page).getByLabel('Host name').fill(lobby.host_name);
  await press(page, 'Add it');
  await closed(page);
  await page.getByText('Nobody waits').waitFor();
  const added = (await api('system', 'list')).systems.find((one) => one.host_name === lobby.host_name);
  assert.deepEqual([added.name, added.address], ['Lobby', lobby.address]);
  assert.equal((await api('waiting', 'list')).waiting.length, 0);
});

await run('a scan: begun by click, it finds the systems, and says which are known', async (page) => {
  await go(page, '/arrivals/scans');
  await page.getByText('No scan yet').waitFor();
  await page.getByRole('button', { name: 'Look for systems' }).click();
  const ranges = dialogOf(page).getByRole('textbox', { name: 'Addresses', exact: true });
  await ranges.fill(room.address);
  await ranges.press('Enter');
  await ranges.fill(`${settings.net}.98`);
  await ranges.press('Enter');
  await press(page, 'Begin');
  await closed(page);
  await until(async () => (await api('scan', 'list')).scans[0].state === 'done', 'the scan ends');
  await page.reload();
  const table = page.getByRole('table', { name: 'Findings' });
  await table.getByRole('row').filter({ hasText: room.address }).getByRole('link', { name: 'known' }).waitFor({ timeout: 60_000 });
  await page.getByText('2 of 2 addresses looked at').waitFor();
  const [scan] = (await api('scan', 'list')).scans;
  assert.deepEqual([scan.state, scan.ranges], ['done', [room.address, `${settings.net}.98`]]);
});

await run('roots: one of the company is trusted by click, and removed again', async (page) => {
  const subjects = async () => (await api('root', 'list')).roots.map((one) => one.subject).join();
  await go(page, '/roots');
  await page.getByRole('button', { name: 'Trust a root' }).click();
  await dialogOf(page).locator('input[type=file]').setInputFiles(settings.companyRoot);
  await press(page, 'Trust them');
  await page.getByText('The roots are trusted').waitFor();
  const row = page.getByRole('row').filter({ hasText: 'Company Root CA' });
  await row.waitFor();
  assert.match(await subjects(), /Company Root CA/);
  await row.getByRole('button', { name: 'Remove' }).click();
  await press(page, 'Remove it');
  await row.waitFor({ state: 'detached' });
  assert.doesNotMatch(await subjects(), /Company Root CA/);
});

await run('tokens: one is made by click and works as it says; taken back it opens nothing', async (page) => {
  await go(page, '/tokens');
  await page.getByRole('button', { name: 'New token' }).click();
  await dialogOf(page).getByLabel('Name').fill('nightly-report');
  await dialogOf(page).getByLabel('Only looks').check();
  await press(page, 'Make it');
  await closed(page);
  const file = join(settings.folder, 'nightly-report');
  writeFileSync(file, (await page.locator('.secret').innerText()).trim(), { mode: 0o600 });
  const with_ = (words, more) => program(settings.countersign, ['--token-file', file, ...words], { env: settings.surroundings, ...more });
  assert.match(await with_(['--json', 'system', 'list']), new RegExp(room.host_name));
  assert.match(await with_(['policy', 'set', '--keep-ssh', 'yes'], { fails: true }), /ACC-/, 'it only looks');
  await page.getByRole('row').filter({ hasText: 'nightly-report' }).getByRole('button', { name: 'Take back' }).click();
  await press(page, 'Take it back');
  await closed(page);
  await page.getByRole('row').filter({ hasText: 'nightly-report' }).waitFor({ state: 'detached' });
  assert.match(await with_(['system', 'list'], { fails: true }), /ACC-/);
  assert.ok(!readFileSync(file, 'utf8').includes('\n'));
});

await run('the mode: set for the whole estate by click, and systems are taken to Level 4', async (page) => {
  await go(page, '/secure-only');
  const verify = page.getByRole('region', { name: 'On + Verify Certificates' });
  await verify.getByRole('button', { name: 'Set for the whole estate' }).click();
  await press(page, 'Change the mode');
  await page.getByText('The mode is changed; enforcement has begun.').waitFor();
  await verify.getByText('Now', { exact: true }).waitFor();
  assert.equal((await api('policy', 'show')).secure_only, 'verify');
  await until(async () => (await api('system', 'show', room.host_name)).level === 4, 'the system is at Level 4', 90);
  assert.ok((await seenByOpenssl(room.address, room.host_name)).verified, 'openssl sees it');
});

await run('enforce: one system by click, as a job that ends', async (page) => {
  const jobs = async () => (await api('job', 'list')).jobs.filter((one) => one.system === room.id && one.kind === 'enforce');
  const before = (await jobs()).length;
  await go(page, `/systems/${room.id}/plan?goal=policy`);
  await page.getByRole('button', { name: 'Enforce', exact: true }).click();
  await press(page, 'Enforce');
  await page.getByText('The work is queued.').waitFor();
  await until(async () => {
    const some = await jobs();
    return some.length > before && some[0].state === 'succeeded';
  }, 'the job succeeded', 90);
});

await run('a certificate: renewed by click it is replaced and stays valid; re-keyed it is revoked, for the reason that was given', async (page) => {
  const shown = (fingerprint) => api('inventory', 'show', fingerprint);
  const key = async (fingerprint) => {
    const file = join(settings.folder, `${fingerprint.slice(0, 8)}.pem`);
    writeFileSync(file, (await shown(fingerprint)).pem);
    return openssl('x509', '-in', file, '-noout', '-pubkey');
  };
  const first = await served(room);
  await go(page, `/certificates/${first}`);
  await page.getByRole('button', { name: 'Renew', exact: true }).click();
  await dialogOf(page).getByText('The old certificate stays valid until its end.').waitFor();
  await press(page, 'Renew it');
  await page.getByText('The work is queued').waitFor();
  const second = await until(async () => { const now = await served(room); return now && now !== first && now; }, 'another certificate is served', 90);
  assert.notEqual(await key(first), await key(second), 'each renewal brings a new key, as the dialog says');
  await until(async () => (await shown(first)).state === 'replaced', 'the first is replaced', 60);
  await go(page, `/certificates/${first}`);
  await page.getByText('Replaced', { exact: true }).first().waitFor();
  assert.equal(await page.getByRole('button', { name: 'Re-key' }).count(), 0, 'what no system serves is not renewed');
  await go(page, `/certificates/${second}`);
  await page.getByRole('button', { name: 'Re-key', exact: true }).click();
  await press(page, 'Give it a new key');
  await page.getByText('The work is queued').waitFor();
  const third = await until(async () => { const now = await served(room); return now && now !== second && now; }, 'a third one is served', 90);
  const gone = await until(async () => { const one = await shown(second); return one.state === 'revoked' && one; }, 'the second is revoked', 60);
  assert.equal(gone.reason, 'keyCompromise');
  assert.ok((await seenByOpenssl(room.address, room.host_name)).verified && third);
});

await run('trust: the systems that depend on the estate’s own root are opened by name', async (page) => {
  await go(page, '/roots');
  const row = page.getByRole('row').filter({ hasText: 'Own' }).first();
  await row.getByRole('link', { name: /^\d+ systems?$/ }).first().click();
  const card = page.locator('[data-ready=meant]');
  await card.waitFor();
  const fingerprint = new URL(page.url()).searchParams.get('root');
  const { depending } = await api('root', 'show', fingerprint);
  assert.ok(depending.systems.some((one) => one.id === room.id), JSON.stringify(depending));
  for (const one of depending.systems) await card.getByRole('link', { name: one.name, exact: true }).first().waitFor();
  await settled(page);
  await axe(page, 'what depends on a root');
  await card.getByRole('link', { name: depending.systems[0].name, exact: true }).first().click();
  await page.locator('[data-ready=system]').waitFor();
});

await countersign('job', 'wait', '--timeout', '120').catch(() => undefined);
await close(session, [/\/observe/, /status of 422/, /status of 50[234]/]);
