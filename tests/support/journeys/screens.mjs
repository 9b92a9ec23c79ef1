// Every screen: without an error in axe, in both colours; what it shows while it waits, when it is refused, and when it fails.
import assert from 'node:assert/strict';
import { axe, close, fits, go, journey, logIn, open, settings, step } from './browser.mjs';

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
  [`/systems/${settings.system}/plan`, '/plan'],
  [`/systems/${settings.system}/tickets`, '/tickets'],
  [`/systems/${settings.system}/history`, '/jobs'],
  [`/systems/${settings.system}/connection`, '/connection'],
  ['/arrivals', '/waiting-systems'],
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
];

const settled = (page) => page.waitForFunction(() => document.querySelector('h1') && !document.querySelector('.loading, [class*=Skeleton]'));
const moved = (page, path) =>
  page.evaluate((place) => {
    history.pushState(null, '', place);
  }, path);

/** Without loading the page anew: the way that a person takes through the interface. */
async function visit(page, path) {
  await moved(page, path);
  await page.waitForFunction((place) => location.pathname === place, path);
}

await run('every screen, in light colours and in dark ones, passes axe', async (page) => {
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
      await axe(page, `${path} (${colour})`).catch((error) => {
        for (const line of error.message.split('\n').slice(1)) wrong.set(line, wrong.get(line) ?? `${path} (${colour})`);
      });
      await fits(page, path);
    }
  }
  assert.deepEqual([...wrong].map(([line, place]) => `${place}: ${line}`), []);
});

const problem = (status, id, title) => ({
  status,
  contentType: 'application/problem+json',
  body: JSON.stringify({ title, status, detail: 'This was said by the test.', id, name: 'test', remedy: 'Do what the test says.' }),
});
const is = (operation) => (url) => {
  if (!url.pathname.startsWith('/api/v1/')) return false;
  const place = url.pathname + url.search;
  return operation.endsWith('?') ? place.startsWith(`/api/v1${operation}`) : place.includes(operation);
};

await run('every screen says with id, cause and remedy what failed, and tries again', async (page) => {
  for (const [path, operation] of screens.filter(([, one]) => one)) {
    await page.route(is(operation), (route) => route.fulfill(problem(503, 'STO-001', 'Something failed')));
    await go(page, path);
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

await run('every screen says so when it is denied', async (page) => {
  for (const [path, operation] of screens.filter(([, one]) => one && one !== '/about')) {
    await page.route(is(operation), (route) => route.fulfill(problem(403, 'ACC-013', 'Not for this role')));
    await go(page, path);
    await page.locator('.denied').first().waitFor().catch(() => assert.fail(`${path} does not say that it is denied`));
    await page.unrouteAll();
  }
});

await run('while it waits, and when the manager is silent', async (page) => {
  await page.route(is('/overview'), async (route) => {
    await new Promise((done) => setTimeout(done, 1500));
    await route.continue();
  });
  await go(page, '/');
  await page.getByRole('status', { name: 'Loading' }).waitFor();
  await page.locator('[data-ready=overview]').waitFor();
  await page.unrouteAll();
  await page.route(is('/overview'), (route) => route.abort());
  await go(page, '/');
  await page.getByText('The manager does not answer').waitFor();
});
step('done');
await close(session, [/status of (503|403)/, /net::ERR_FAILED/]);
