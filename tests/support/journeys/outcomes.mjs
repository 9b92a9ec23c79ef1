// What is told of an outcome is what came of it: refusals outside of dialogs, half-done work, lists that are cut, fields that are emptied, days.
import assert from 'node:assert/strict';
import { api, close, countersign, go, journey, logIn, open, settings, settled, until } from './browser.mjs';

const session = await open({ name: 'outcomes' });
const run = (name, work) => journey(session, name, work);
const { room, locked } = settings;
const dialogOf = (page) => page.getByRole('dialog');
const refusal = { status: 409, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Not now', status: 409, detail: 'This was said by the test.', id: 'MGR-001', name: 'test', remedy: 'Do what the test says.' }) };
const at = (place) => (url) => url.pathname.startsWith('/api/v1/') && url.pathname.endsWith(place);

/** A refusal is told with id, text and remedy, and can be closed. */
async function told(page) {
  const one = page.getByRole('alert').filter({ hasText: 'This was said by the test.' }).first();
  await one.waitFor();
  const text = await one.innerText();
  for (const word of ['MGR-001', 'This was said by the test.', 'Do what the test says.']) assert.ok(text.includes(word), `${word} is missing in ${text}`);
  await one.getByRole('button', { name: 'Close the note' }).click();
  await page.getByText('This was said by the test.').first().waitFor({ state: 'detached' });
}
const rowOf = (page, text) => page.getByRole('row').filter({ hasText: text });
const choose = async (page, ...texts) => { for (const text of texts) await rowOf(page, text).getByRole('checkbox').check(); };

await run('refused outside of a dialog: a move, a drag, a folder’s settings, an export and a roll-back say id, text and remedy', async (page) => {
  await countersign('folder', 'add', '/Berlin');
  await go(page, '/');
  await logIn(page);
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await go(page, '/systems');
  await rowOf(page, room.host_name).waitFor();
  await page.route(at('/systems'), (route) => (route.request().method() === 'POST' ? route.fulfill(refusal) : route.continue()));
  await choose(page, room.host_name);
  await page.getByRole('button', { name: 'Move to…' }).click();
  await page.getByRole('menuitem', { name: '/Berlin' }).click();
  await told(page);
  await page.getByText('1 system selected').waitFor();
  await rowOf(page, room.host_name).dragTo(page.getByRole('button', { name: /^Berlin/ }));
  await told(page);
  await page.unrouteAll();
  await page.route(at('/defaults'), (route) => route.fulfill(refusal));
  await page.getByRole('button', { name: 'Settings for new systems' }).click();
  await told(page);
  await page.unrouteAll();
  await page.route(at('/export/systems'), (route) => route.fulfill(refusal));
  await page.getByRole('button', { name: 'Save as CSV' }).click();
  await told(page);
  assert.match(page.url(), /\/systems/, 'the interface is not left');
  await page.unrouteAll();
  await page.route(at('/rollback'), (route) => route.fulfill(refusal));
  await go(page, `/campaigns/${settings.campaign}`);
  await page.getByRole('button', { name: 'Roll back' }).click();
  const show = dialogOf(page).getByRole('button', { name: 'Show' });
  const alert = page.getByRole('alert').filter({ hasText: 'This was said by the test.' }).first();
  await show.or(alert).first().waitFor();
  if (await show.isVisible()) await show.click();
  await alert.waitFor();
  assert.match(await alert.innerText(), /MGR-001/);
  await page.unrouteAll();
});

await run('a roll-back of more systems than are shown says how many more', async (page) => {
  const systems = Array.from({ length: 41 }, (_, i) => ({ system: i + 1, name: `room ${i + 1}`, state: 'done', undone: ['HTTP is opened.'], stays: [] }));
  await page.route(at('/rollback'), (route) => route.fulfill({ status: 200, contentType: 'application/json', body: JSON.stringify({ systems }) }));
  await go(page, `/campaigns/${settings.campaign}`);
  await page.getByRole('button', { name: 'Roll back' }).click();
  const show = dialogOf(page).getByRole('button', { name: 'Show' });
  const more = dialogOf(page).getByText('And 11 more systems.');
  await show.or(more).first().waitFor();
  if (await show.isVisible()) await show.click();
  await more.waitFor();
  await dialogOf(page).getByText('41 systems:').waitFor();
  await dialogOf(page).getByRole('button', { name: 'Cancel' }).click();
  await page.unrouteAll();
});

await run('many at once: those that were not reached are counted apart, and one that is forgotten already stops nothing', async (page) => {
  for (const [name, host] of [['gone', 96], ['also gone', 95]]) await countersign('system', 'add', '--ip', `${settings.net}.${host}`, '--family', 'mcu', '--name', name);
  await go(page, '/systems');
  await rowOf(page, 'also gone').waitFor();
  await choose(page, room.host_name, `${settings.net}.96`);
  await page.getByRole('button', { name: 'Observe now' }).click();
  await page.getByText('1 system reached, 1 not reached.').waitFor({ timeout: 90_000 });
  await page.route(at(`/systems/${room.id}/observe`), (route) => route.fulfill(refusal));
  await page.getByRole('button', { name: 'Observe now' }).click();
  await page.getByText('0 systems reached, 1 not reached.').waitFor({ timeout: 90_000 });
  await told(page);
  await page.unrouteAll();
  await page.getByRole('button', { name: 'Select none' }).click();
  await choose(page, `${settings.net}.96`, `${settings.net}.95`);
  const [first] = (await api('system', 'list')).systems.filter((one) => one.name === 'gone');
  // Somebody else was faster; this page does not know it yet.
  await page.route(at(`/systems/${first.id}`), async (route) => {
    if (route.request().method() === 'DELETE') await countersign('system', 'remove', first.id);
    await route.continue();
  });
  await page.getByRole('button', { name: 'Forget' }).click();
  await dialogOf(page).getByRole('button', { name: 'Forget them' }).click();
  await page.getByText('They are forgotten.').waitFor();
  await page.unrouteAll();
  assert.deepEqual((await api('system', 'list')).systems.filter((one) => /gone/.test(one.name)), []);
});

await run('folders come in pages, and all of them can be chosen', async (page) => {
  const real = await api('folder', 'list');
  await page.route(at('/folders'), async (route) => {
    const url = new URL(route.request().url());
    const last = { ...real.folders.at(-1), id: 9999, path: '/Of the second page', name: 'Of the second page', parent: real.folders[0].id, systems: 0 };
    const body = url.searchParams.get('after') ? { folders: [last], next: null } : { ...real, next: 'here' };
    await route.fulfill({ status: 200, contentType: 'application/json', body: JSON.stringify(body) });
  });
  await go(page, '/systems');
  await page.getByRole('button', { name: /^Of the second page/ }).waitFor();
  await go(page, '/secure-only');
  await page.getByRole('textbox', { name: 'Folder' }).click();
  await page.getByRole('option', { name: '/Of the second page' }).waitFor();
  await page.unrouteAll();
});

await run('a field of a channel that is emptied is empty afterwards, and what was not touched is not sent', async (page) => {
  const now = async () => (await api('notify', 'list')).channels[0];
  assert.match((await now()).ca, /BEGIN CERTIFICATE/);
  await go(page, '/settings/notifications');
  await rowOf(page, 'siem').getByRole('button', { name: 'Change' }).click();
  await dialogOf(page).getByLabel('Roots').fill('');
  const sent = page.waitForRequest((request) => request.method() === 'PATCH');
  await dialogOf(page).getByRole('button', { name: 'Save' }).click();
  assert.deepEqual(JSON.parse((await sent).postData()), { ca: '' });
  await page.getByText('The channel is changed.').waitFor();
  const { ca, host } = await now();
  assert.deepEqual([ca, host], ['', 'log.company.com']);
});

await run('the calendar: each day leads to as many systems as it says, and to no others', async (page) => {
  await until(async () => (await api('overview')).certificates.length > 1, 'certificates end on two days at least');
  await go(page, '/');
  const days = page.locator('.month a');
  await days.first().waitFor();
  const labels = await days.evaluateAll((all) => all.map((one) => [one.getAttribute('aria-label'), one.getAttribute('href')]));
  assert.ok(labels.length > 1, String(labels));
  const { systems } = await api('system', 'list', '--sort', 'certificate_expires');
  for (const [label, href] of labels) {
    const count = Number(/^(\d+) certificates? end/.exec(label)[1]);
    await go(page, href);
    await settled(page);
    await page.locator('.body-row').first().waitFor();
    assert.equal(await page.locator('.body-row').count(), count, label);
    const day = new URL(page.url()).searchParams.get('expires_after').slice(0, 10);
    const names = systems.filter((one) => one.certificate_expires?.startsWith(day)).map((one) => one.name);
    assert.equal(names.length, count, `the API agrees about ${label}`);
    for (const name of names) await rowOf(page, name).first().waitFor();
    assert.equal(await page.getByRole('textbox', { name: 'Certificate ends' }).inputValue(), `On ${day} (UTC)`);
  }
});

await run('days and times: an exception is shown with the moment at which it ends; “Observed” and “Since” say UTC when one points at them', async (page) => {
  await go(page, '/settings/policy');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  const dialog = dialogOf(page);
  await dialog.getByRole('textbox', { name: 'Folder' }).click();
  await page.getByRole('option', { name: '/Berlin' }).click();
  await dialog.getByLabel('Or a service that stays open').fill('ssh');
  await dialog.getByLabel('Reason').fill('Moved in summer');
  await dialog.getByLabel('Who answers for it').fill('ben');
  await dialog.getByLabel('Until').fill('2031-06-30');
  await dialog.getByRole('button', { name: 'Add it' }).click();
  const row = page.getByRole('table', { name: 'Exceptions' }).getByRole('row').filter({ hasText: 'Moved in summer' });
  await row.waitFor();
  const time = row.locator('time');
  assert.equal(await time.getAttribute('title'), '2031-06-30 23:59:59 UTC');
  assert.equal((await time.innerText()).trim(), '1 Jul 2031, 01:59', 'the moment in Berlin, with its hour');
  await go(page, '/systems?columns=name,observed_at');
  const seen = rowOf(page, room.host_name).locator('time');
  const system = (await api('system', 'list')).systems.find((one) => one.id === room.id);
  assert.match(await seen.getAttribute('title'), / UTC$/);
  assert.ok((await seen.getAttribute('datetime')) <= system.observed_at);
  await go(page, '/tickets?state=all');
  assert.match(await page.locator('.body-row time').first().getAttribute('title'), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
});

await close(session, [/status of (404|409|422)/, /status of 50[234]/, /\/observe/]);
