// Every screen: without an error in axe, in both colours; what it shows while it waits, when it is refused, and when it fails.
import assert from 'node:assert/strict';
import { axe, close, fits, go, journey, logIn, open, problem, settings, settled, step, visit } from './browser.mjs';

const session = await open({ name: 'screens' });
const run = (name, work) => journey(session, name, work);

// Place, and the operation without which it can show nothing.
const screens = [
  ['/', '/overview'],
  ['/systems', '/systems?'],
  ['/systems/add', '/about'],
  [`/systems/${settings.system}`, `/systems/${settings.system}`],
  [`/systems/${settings.system}/evidence`, null],
  [`/systems/${settings.system}/certificate`, '/certificates/'],
  [`/systems/${settings.system}/settings`, '/settings'],
  [`/systems/${settings.system}/plan`, '/plan'],
  [`/systems/${settings.system}/tickets`, '/tickets'],
  [`/systems/${settings.system}/history`, '/jobs'],
  [`/systems/${settings.system}/connection`, '/connection'],
  ['/arrivals', '/waiting-systems'],
  ['/arrivals/announced', '/preregistrations'],
  ['/arrivals/scans', '/scans'],
  ['/tickets', '/tickets?'],
  [`/tickets/${settings.ticket}`, `/tickets/${settings.ticket}`],
  ['/phonebooks', '/phonebook-entries'],
  ['/secure-only', '/policy'],
  ['/campaigns', '/campaigns'],
  [`/campaigns/${settings.campaign}`, `/campaigns/${settings.campaign}`],
  ['/certificates', '/certificates'],
  [`/certificates/${settings.fingerprint}`, '/certificates/'],
  ['/requests', '/certificate-requests'],
  ['/issuers', '/authority'],
  ['/roots', '/roots'],
  ['/jobs', '/jobs'],
  ['/audit', '/audit?'],
  ['/people', '/accounts'],
  ['/tokens', '/tokens'],
  ['/settings/policy', '/policy'],
  ['/settings/network', '/network'],
  ['/settings/notifications', '/notification-channels'],
  ['/settings/vendors', '/factory-anchors'],
  ['/about', '/readiness'],
  ['/set-up/name', '/readiness'],
  ['/set-up/systems', '/demonstration'],
];

await run('WCAG AA: axe finds nothing on any screen, in light colours and in dark ones', async (page) => {
  await go(page, '/');
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
  await axe(page, 'the log-in');
  await logIn(page);
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  const wrong = new Map(); // finding -> the first place that has it
  for (const colour of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: colour });
    for (const [path] of screens) {
      await visit(page, path);
      await settled(page);
      // Colours are all that is different in the dark.
      await axe(page, `${path} (${colour})`, colour === 'dark' ? ['color-contrast', 'link-in-text-block'] : undefined).catch((error) => {
        for (const line of error.message.split('\n').slice(1)) wrong.set(line, wrong.get(line) ?? `${path} (${colour})`);
      });
      await fits(page, path);
    }
  }
  assert.deepEqual([...wrong].map(([line, place]) => `${place}: ${line}`), []);
});

await run('WCAG AA: axe finds nothing while a dialog, a menu, a list of choices or the command palette is open, in both colours', async (page) => {
  const opened = [
    ['/people', async () => page.getByRole('button', { name: 'New account' }).click(), page.getByRole('dialog')],
    ['/systems', async () => page.getByRole('button', { name: 'Views' }).click(), page.getByRole('menu')],
    ['/systems', async () => page.getByRole('button', { name: 'Choose columns' }).click(), page.getByRole('menu')],
    ['/tickets', async () => page.getByRole('textbox', { name: 'Severity' }).click(), page.getByRole('listbox').first()],
    ['/jobs', async () => page.keyboard.press('Control+k'), page.getByPlaceholder('A place, an action, or a system…')],
  ];
  for (const colour of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: colour });
    for (const [path, open_, what] of opened) {
      await visit(page, path);
      await settled(page);
      await open_();
      await what.waitFor();
      await axe(page, `${path} (${colour}), with what was opened there`);
      await page.keyboard.press('Escape');
      await what.waitFor({ state: 'hidden' });
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
});

await run('WCAG AA on a phone: axe finds nothing at 390 points, and every screen fits', async (page) => {
  await page.setViewportSize({ width: 390, height: 800 });
  const wrong = [];
  for (const [path] of screens) {
    await visit(page, path);
    await settled(page);
    await fits(page, `${path} at 390`).catch((error) => wrong.push(error.message));
    await axe(page, `${path} at 390`).catch((error) => wrong.push(error.message));
  }
  await page.getByRole('button', { name: 'Navigation' }).click();
  await axe(page, 'the navigation of a phone');
  assert.deepEqual(wrong, []);
  await page.setViewportSize({ width: 1280, height: 900 });
});

const is = (operation) => (url) => {
  if (!url.pathname.startsWith('/api/v1/')) return false;
  const place = url.pathname + url.search;
  return operation.endsWith('?') ? place.startsWith(`/api/v1${operation}`) : place.includes(operation);
};

await run('failed: every screen says with id, cause and remedy what failed, and tries again', async (page) => {
  let known = []; // what the page was told since it was loaded: of that it still shows what it has
  page.on('request', (request) => known.push(new URL(request.url())));
  await go(page, '/phonebooks');
  await settled(page);
  for (const [path, operation] of screens.filter(([, one]) => one)) {
    const fails = is(operation);
    await page.route(fails, (route) => route.fulfill(problem(503, 'STO-001', 'Something failed')));
    if (known.some(fails)) {
      known = [];
      await go(page, path);
    } else {
      await visit(page, path);
    }
    const alert = page.locator('.problem').first();
    await alert.waitFor().catch(() => assert.fail(`${path} hides that it failed`));
    const text = await alert.innerText();
    for (const word of ['STO-001', 'This was said by the test.', 'What to do:', 'Try again']) assert.ok(text.includes(word), `${path}: ${word} is missing in ${text}`);
    await page.locator('.problem').first().getByText('Cause:').waitFor();
    if (path === '/') await axe(page, 'a failure');
    await page.unrouteAll();
    await page.getByRole('button', { name: 'Try again' }).first().click();
    await page.waitForFunction(() => !document.querySelector('.problem')).catch(() => assert.fail(`${path} does not come back`));
  }
});

await run('denied: every screen says so, and asks for nothing twice', async (page) => {
  await go(page, '/phonebooks');
  await settled(page);
  // What the frame itself needs is allowed; everything else is refused, and each screen is come to anew.
  await page.route((url) => url.pathname.startsWith('/api/v1/') && !/\/(session|setup|events)$/.test(url.pathname), (route) => route.fulfill(problem(403, 'ACC-013', 'Not for this role')));
  for (const [path] of screens.filter(([, one]) => one && one !== '/phonebook-entries')) {
    await visit(page, path);
    await page.locator('.denied').first().waitFor().catch(() => assert.fail(`${path} does not say that it is denied`));
    assert.equal(await page.locator('.problem').count(), 0, `${path} takes a refusal for a failure`);
  }
  await page.unrouteAll();
});

await run('loading: every screen says so while it waits, and shows its content when the answer comes', async (page) => {
  await go(page, '/phonebooks');
  await settled(page);
  const held = [];
  await page.route((url) => url.pathname.startsWith('/api/v1/') && !/\/(session|setup|events)$/.test(url.pathname), (route) => void held.push(route));
  for (const [path] of screens.filter(([, one]) => one && one !== '/phonebook-entries')) {
    await visit(page, path);
    await page.getByRole('status', { name: 'Loading' }).first().waitFor().catch(() => assert.fail(`${path} does not say that it waits`));
  }
  await page.unrouteAll();
  for (const route of held) await route.continue().catch(() => undefined);
  await settled(page);
});

await run('failed: when the manager is silent, the page says that it does not answer', async (page) => {
  await page.route(is('/overview'), (route) => route.abort());
  await go(page, '/');
  await page.getByText('The manager does not answer').waitFor();
});
step('no console error, no request to anywhere else');
await close(session, [/status of (503|403)/, /net::ERR_FAILED/]);
