// A page that stays open: it is live without asking too much, it says when it is not, and what fails beneath it is said and mended.
import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { axe, close, countersign, go, journey, logIn, open, password, problem, settings, settled, until, visit } from './browser.mjs';

/** The way from the browser to the manager: cut, every connection ends and none comes about. */
const line = {
  sockets: new Set(),
  mend() {
    this.server = createServer((near) => {
      const far = connect(Number(new URL(settings.url).port), settings.address);
      for (const [one, other] of [[near, far], [far, near]]) {
        this.sockets.add(one);
        one.on('error', () => undefined).on('close', () => { this.sockets.delete(one); other.destroy(); });
        one.pipe(other);
      }
    });
    return new Promise((done) => this.server.listen(Number(new URL(settings.url).port), settings.hosts[settings.host], done));
  },
  cut() {
    const closed = new Promise((done) => this.server.close(done));
    for (const one of this.sockets) one.destroy();
    return closed;
  },
};
await line.mend();
const session = await open({ name: 'live' });
const run = (name, work) => journey(session, name, work);
const room = `/systems/${settings.room}`;
const isApi = (path) => (url) => url.pathname.startsWith(`/api/v1${path}`);
const rename = (name) => countersign('system', 'set', settings.room, '--name', name);

const place = (page, name) => page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name, exact: true });

/** Notes the requests of the page to paths of the API that fit. */
function counted(page, fits) {
  const seen = [];
  const note = (request) => {
    const url = new URL(request.url());
    if (url.pathname.startsWith('/api/v1') && fits(url.pathname.slice('/api/v1'.length) + url.search)) seen.push(url.search);
  };
  page.on('request', note);
  return { seen, end: () => page.off('request', note) };
}

await run('the plan and the settings of a system are asked for once: a look at the system does not lead to the next one', async (page) => {
  await go(page, '/');
  await logIn(page);
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  for (const [part, text] of [['plan', 'What would be done'], ['settings', 'What the system itself says']]) {
    const looks = counted(page, (path) => path.startsWith(`${room}/${part}`));
    const others = counted(page, (path) => path === room);
    await visit(page, `${room}/${part}`);
    await page.getByRole('heading', { name: text }).waitFor();
    await settled(page);
    // The look is an event, which the rest of the page follows: twice, with what a loop would need in between.
    for (const name of ['First', 'Second']) {
      const before = others.seen.length;
      await rename(`${name} of ${part}`);
      await page.getByRole('heading', { name: `${name} of ${part}` }).waitFor();
      assert.ok(others.seen.length > before);
    }
    await page.getByText('Something changed since.').waitFor();
    assert.equal(looks.seen.length, 1, `${part} was asked for ${looks.seen.length} times`);
    await page.getByRole('button', { name: 'Ask again' }).click();
    await page.getByText('Something changed since.').waitFor({ state: 'detached' });
    assert.equal(looks.seen.length, 2);
    looks.end();
    others.end();
  }
});

await run('a scan and a folder are shown without a reload, too: every kind of event is heard', async (page) => {
  await go(page, '/arrivals/scans');
  await page.getByText('No scan yet').waitFor();
  await countersign('scan', 'start', `${settings.net}.200-202`, '--no-wait');
  await page.getByRole('table', { name: 'Scans' }).getByText('Done').waitFor({ timeout: 60_000 });
  await go(page, '/systems');
  await settled(page);
  await countersign('folder', 'add', '/Made by a command');
  await page.getByRole('button', { name: /^Made by a command/ }).waitFor();
});

await run('a part of the interface that does not load is a card, not an empty page, and other places still open', async (page) => {
  await page.route(/\/assets\/jobs-.*\.js$/, (route) => route.abort());
  await go(page, '/');
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await place(page, 'Jobs').click();
  await page.getByRole('alert').getByText('A part of the interface did not load').waitFor();
  await axe(page, 'a part that did not load');
  await place(page, 'Tickets').click();
  await page.getByRole('heading', { name: 'Tickets' }).waitFor();
  await place(page, 'Jobs').click();
  await page.unrouteAll();
  await page.getByRole('button', { name: 'Load the page again' }).click();
  await page.getByRole('heading', { name: 'Jobs' }).waitFor();
});

await run('when nothing is heard of changes the page says since when, and makes up for it afterwards', async (page) => {
  await go(page, room);
  await page.getByRole('heading', { name: 'Second of settings' }).waitFor();
  await line.cut();
  await page.getByRole('status').getByText(/Not live since \d+:\d+/).waitFor();
  await axe(page, 'a page that is not live');
  await rename('Renamed unheard');
  await line.mend();
  await page.getByRole('heading', { name: 'Renamed unheard' }).waitFor();
  await page.getByText('Not live since').waitFor({ state: 'detached' });
  // An answer that is no stream ends it for the browser; the page goes on.
  await page.route(isApi('/events'), (route) => route.fulfill(problem(503, 'STO-001', 'Something failed')));
  await line.cut();
  await page.getByText('Not live since').waitFor();
  await line.mend();
  await page.waitForResponse((answer) => answer.url().endsWith('/events') && answer.status() === 503);
  await page.unrouteAll();
  await rename('Heard again');
  await page.getByRole('heading', { name: 'Heard again' }).waitFor();
  await page.getByText('Not live since').waitFor({ state: 'detached' });
});

await run('what could not be asked for again stays, with the time it is from; the manager’s silence ends by itself', async (page) => {
  await go(page, room);
  await page.getByRole('heading', { name: 'Heard again' }).waitFor();
  const one = (url) => url.pathname === `/api/v1${room}`;
  await page.route(one, (route) => route.fulfill(problem(503, 'STO-001', 'Something failed')));
  await rename('Not to be read');
  const old = page.locator('.old-data').first();
  await old.getByText(/As of \d+:\d+/).waitFor();
  assert.match(await old.innerText(), /STO-001.*Something failed/);
  await page.getByRole('heading', { name: 'Heard again' }).waitFor();
  await page.unrouteAll();
  await old.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { name: 'Not to be read' }).waitFor();
  await old.waitFor({ state: 'detached' });
  // Silence, from the first question on: the page promises that it goes on by itself.
  await page.route(isApi('/'), (route) => route.abort());
  await go(page, '/tickets');
  await page.getByText('this page goes on by itself when it answers again').waitFor();
  await page.unrouteAll();
  await page.getByRole('heading', { name: 'Tickets' }).waitFor();
  await page.route(isApi('/phonebooks'), (route) => route.abort());
  await visit(page, '/phonebooks');
  await page.getByText('this page goes on by itself when it answers again').first().waitFor();
  await page.unrouteAll();
  await page.locator('.problem').first().waitFor({ state: 'detached' });
});

await run('history: a part of it that fails is said, not left out', async (page) => {
  await go(page, room);
  await settled(page);
  await page.route(isApi('/certificates'), (route) => route.fulfill(problem(503, 'STO-001', 'Something failed')));
  await visit(page, `${room}/history`);
  await page.locator('.problem').getByText('STO-001').waitFor();
  assert.equal(await page.locator('.line').count(), 0);
  await page.unrouteAll();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.locator('.line li').first().waitFor();
});

await run('a file and a choice that are forgotten are marked, and nothing is sent', async (page) => {
  await go(page, '/roots');
  await page.getByRole('button', { name: 'Trust a root' }).click();
  const dialog = page.getByRole('dialog');
  const sent = counted(page, (path) => path.startsWith('/roots'));
  await dialog.getByRole('button', { name: 'Trust them' }).click();
  await dialog.getByText('Choose a file.').waitFor();
  assert.equal(await dialog.locator('.problem').count(), 0);
  assert.equal(await dialog.locator('[aria-invalid=true]').evaluate((one) => one === document.activeElement), true, 'the focus is where something is missing');
  assert.equal(sent.seen.length, 0);
  sent.end();
  await page.keyboard.press('Escape');
  await go(page, '/settings/notifications');
  await page.getByRole('button', { name: 'New channel' }).click();
  await dialog.locator('input[name=name]').fill('Ours');
  await dialog.getByRole('button', { name: 'Add it' }).click();
  await dialog.getByText('Choose one.').first().waitFor();
  await axe(page, 'a form with a field that is missing');
  await page.keyboard.press('Escape');
});

await run('keyboard: columns are chosen, a list is sorted, a page is opened and a dialog closed, and the focus is never lost', async (page) => {
  const { keyboard } = page;
  const focus = () => page.evaluate(() => { const one = document.activeElement; return one.getAttribute('aria-label') ?? (one.id === 'main' ? '#main' : one.innerText || one.tagName); });
  await go(page, '/systems');
  await page.getByRole('row').nth(1).waitFor();
  await page.getByRole('button', { name: 'Choose columns' }).focus();
  await keyboard.press('Enter');
  const item = page.getByRole('menuitemcheckbox', { name: 'Serial number' });
  await item.waitFor();
  assert.equal(await item.getAttribute('aria-checked'), 'false');
  for (let i = 0; i < 30 && (await focus()) !== 'Serial number'; ++i) await keyboard.press('ArrowDown');
  await keyboard.press('Enter');
  await page.getByRole('columnheader', { name: 'Serial number' }).waitFor();
  assert.equal(await item.getAttribute('aria-checked'), 'true');
  await keyboard.press('Escape');
  await until(async () => (await focus()) === 'Choose columns', 'the menu gives the focus back');
  // Held up, so that a table that is taken away meanwhile is seen.
  await page.route((url) => url.pathname === '/api/v1/systems', async (route) => { await new Promise((next) => setTimeout(next, 400)); await route.continue().catch(() => undefined); });
  const head = page.getByRole('columnheader', { name: 'Name', exact: true }).getByRole('button');
  await head.focus();
  await keyboard.press('Enter');
  await page.waitForFunction(() => /sort=name/.test(location.search));
  await page.locator('.table[aria-busy=true]').waitFor();
  await settled(page);
  assert.equal(await focus(), 'Name', 'the head that was pressed has the focus still');
  await page.unrouteAll();
  const name = (await page.locator('.body-row').first().getByRole('link').first().innerText()).trim();
  await page.getByRole('checkbox', { name: `Select ${name}`, exact: true }).first().waitFor();
  await page.getByRole('link', { name, exact: true }).first().focus();
  await keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name }).waitFor();
  await until(async () => (await focus()) === '#main', 'the content has the focus when its page has changed');
  await go(page, '/people');
  const actions = page.getByRole('button', { name: 'Actions for admin' });
  await actions.focus();
  await keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Change…' }).waitFor();
  for (let i = 0; i < 10 && (await focus()) !== 'Change…'; ++i) await keyboard.press('ArrowDown');
  await keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.waitForFunction(() => document.activeElement.closest('[role=dialog]'));
  await keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await until(async () => (await focus()) === 'Actions for admin', 'the dialog gives the focus back to the menu’s button');
});

await run('a long list: the next page that fails is said once, and what changes does not ask for all of it at each event', async (page) => {
  await go(page, '/systems');
  await page.getByRole('row').nth(1).waitFor();
  const rows = page.getByRole('group', { name: 'Rows of systems' });
  const nexts = counted(page, (path) => path.startsWith('/systems?') && path.includes('after='));
  await page.route((url) => url.pathname === '/api/v1/systems' && url.searchParams.has('after'), (route) => route.fulfill(problem(503, 'STO-001', 'Something failed')));
  await rows.evaluate((one) => one.scrollTo(0, one.scrollHeight));
  await page.getByText('The rest of the list did not come').waitFor();
  await settled(page);
  assert.equal(nexts.seen.length, 1, 'a page that failed is not asked for again by itself');
  await page.unrouteAll();
  await page.locator('.old-data').getByRole('button', { name: 'Try again' }).click();
  await page.locator('.old-data').waitFor({ state: 'detached' });
  // Down to the last one.
  await until(async () => {
    await rows.evaluate((one) => one.scrollTo(0, one.scrollHeight));
    return (await page.getByRole('table', { name: 'systems' }).getAttribute('aria-rowcount')) !== '-1';
  }, 'the list is read to its end');
  nexts.end();
  const all = Number(await page.getByRole('table', { name: 'systems' }).getAttribute('aria-rowcount'));
  assert.equal(all, settings.long + 1);
  const pages = Math.ceil(all / 100);
  // The counts in the head follow each event; the pages of the list do not.
  const short = counted(page, (path) => path.startsWith('/system-counts'));
  const long = counted(page, (path) => path.startsWith('/systems?'));
  for (let i = 0; i < 4; ++i) {
    const before = short.seen.length;
    await rename(`Round ${i}`);
    await until(() => short.seen.length > before, 'the head follows');
  }
  assert.ok(long.seen.length <= 2 * pages, `${long.seen.length} requests for a list of ${pages} pages in four rounds`);
  long.end();
  short.end();
});

await run('a session that ended is noticed when nothing is clicked', async (page) => {
  await go(page, '/jobs');
  await page.getByRole('heading', { name: 'Jobs' }).waitFor();
  await line.cut();
  await page.getByText('Not live since').waitFor();
  await session.context.clearCookies();
  await line.mend();
  await page.getByText('Your session has ended').waitFor();
  await logIn(page, 'admin', password);
  await page.getByRole('heading', { name: 'Jobs' }).waitFor();
});

await close(session, [/status of 503/, /net::ERR_/, /A part|PartMissing|dynamically imported/]);
await line.cut();
