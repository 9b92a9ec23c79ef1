// A headless Chromium for journeys: the manager's name leads to its address, the estate's root is trusted in this profile alone, and
// everything that the console or the network says against the page is kept for the end.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

export const settings = JSON.parse(process.env.JOURNEY_SETTINGS);
const patience = Number(process.env.COUNTERSIGN_PATIENCE ?? '1');
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const password = 'Correct-Horse-Battery-77';

/** Names lead to addresses: of the manager, and of systems where a journey is about those. */
const names = Object.entries(settings.hosts ?? { [settings.host]: settings.address });
const start = {
  executablePath: '/usr/bin/chromium',
  env: { ...process.env, HOME: settings.home },
  args: [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--disable-dev-shm-usage', '--no-proxy-server', `--host-resolver-rules=${names.map(([name, address]) => `MAP ${name} ${address}`).join(',')}`,
  ],
};

/** Everything that is said against the page, and every request to an address that is not among `origins`. */
function listen(context, page, origins) {
  const session = { context, page, complaints: [], expected: [], elsewhere: [] };
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') session.complaints.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => session.complaints.push(String(error)));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (!origins.includes(origin) && !['data:', 'blob:'].includes(protocol)) session.elsewhere.push(request.url());
  });
  return session;
}

let browser;
/** A window with nothing remembered, in one browser for the whole journey. `more` as Playwright's newContext takes it. */
export async function window_(origins, more = {}) {
  browser ??= await chromium.launch(start);
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB', ...more });
  context.setDefaultTimeout(20_000 * patience);
  return listen(context, await context.newPage(), origins);
}
export const closeBrowser = () => browser?.close();

export async function open({ width = 1280, height = 900, dark = false, name = 'first' } = {}) {
  const context = await chromium.launchPersistentContext(join(settings.folder, `profile-${name}`), {
    ...start,
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
  });
  context.setDefaultTimeout(20_000 * patience);
  const page = context.pages()[0] ?? (await context.newPage());
  return listen(context, page, [settings.url]);
}

/** Refusals are written into the console by the browser itself: 401 before the log-in, and what a journey provokes. */
export async function close(session, allowed = []) {
  const left = session.complaints.filter((text) => ![/status of 401/, ...allowed].some((one) => one.test(text)));
  await session.context.close();
  assert.deepEqual(left, [], 'the console complains');
  assert.deepEqual(session.elsewhere, [], 'something was asked for elsewhere');
}

/** Another program, as another person at another desk would use it: what it printed. `fails`: that it must fail. */
export function program(file, args, { fails = false, stdin = '', env } = {}) {
  return new Promise((done, failed) => {
    const child = execFile(file, args.map(String), { env: env ?? process.env, timeout: 120_000 * patience, maxBuffer: 1 << 24 }, (error, out, err) =>
      Boolean(error) === fails ? done(out + (fails ? err : '')) : failed(new Error(`${file} ${args.join(' ')}: ${error ? '' : 'did not fail'}\n${out}\n${err}`)),
    );
    child.stdin.on('error', () => undefined); // it may be over before it reads
    child.stdin.end(stdin);
  });
}

/** The command line, beside the browser; its answer as data with `api`. */
export const countersign = (...words) => program(settings.countersign, ['--token-file', join(settings.folder, 'manager', 'token'), ...words], { env: settings.surroundings });
export const api = async (...words) => JSON.parse(await countersign('--json', ...words));
export const openssl = (...words) => program('openssl', words);

/** What a TLS server serves, seen by openssl: whether it verifies for a name up to the roots of a file, and its certificate's SHA-256. */
export async function seenByOpenssl(address, name, roots = join(settings.folder, 'manager', 'ca.pem'), port = 443 + settings.offset) {
  const said = await program('openssl', ['s_client', '-connect', `${address}:${port}`, '-servername', name, '-verify_hostname', name, '-CAfile', roots, '-showcerts'], { stdin: '' }).catch((error) => String(error));
  const pem = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/.exec(said)?.[0];
  const fingerprint = pem ? (await program('openssl', ['x509', '-noout', '-fingerprint', '-sha256'], { stdin: pem })).split('=')[1].trim().replaceAll(':', '').toLowerCase() : '';
  return { verified: said.includes('Verify return code: 0 (ok)'), fingerprint, said };
}

/** Whether a TCP connection to the port of a system comes about. */
export const isOpen = (address, port) =>
  new Promise((done) => {
    const socket = connect(port + settings.offset, address);
    socket.setTimeout(5_000 * patience);
    for (const [event, answer] of [['connect', true], ['error', false], ['timeout', false]]) socket.once(event, () => { socket.destroy(); done(answer); });
  });

export async function until(condition, what, seconds = 60) {
  const end = Date.now() + seconds * 1000 * patience;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((next) => setTimeout(next, 150));
  }
}

/** Asks the API from within the page, with the session of who is logged in there. */
export const ask = (page, method, path, body) =>
  page.evaluate(
    async ([verb, place, content]) => {
      const answer = await fetch(`/api/v1${place}`, { method: verb, headers: { 'Content-Type': 'application/json' }, body: content });
      return { status: answer.status, id: (await answer.json().catch(() => ({}))).id };
    },
    [method, path, body],
  );

/** What a click on a control saves: the file's name, its place, its text. */
export async function saved(page, control) {
  const waiting = page.waitForEvent('download');
  await control.click();
  const download = await waiting;
  const file = await download.path();
  return { name: download.suggestedFilename(), file, text: readFileSync(file, 'utf8') };
}

export async function logOut(page) {
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
}

export const go = (page, path) => page.goto(settings.url + path);

/** Without loading the page anew: the way that a person takes through the interface. */
export async function visit(page, path) {
  await page.evaluate((place) => history.pushState(null, '', place), path);
  await page.waitForFunction((place) => location.pathname === place, path.split('?')[0]);
}

/** A refusal, for routes that a test answers itself. */
export const problem = (status, id, title) => ({
  status,
  contentType: 'application/problem+json',
  body: JSON.stringify({ title, status, detail: 'This was said by the test.', id, name: 'test', remedy: 'Do what the test says.' }),
});
/** The screen has its content: nothing is waited for. */
export const settled = (page) => page.waitForFunction(() => document.querySelector('h1') && !document.querySelector('.loading, [class*=Skeleton], [aria-busy=true]'));

export async function logIn(page, user = 'admin', secret = password) {
  await page.locator('input[name=user]').fill(user);
  await page.locator('input[name=password]').fill(secret);
  await page.getByRole('button', { name: 'Log in' }).click();
}

/** What axe finds against WCAG 2.2 AA; `rules`: these alone. */
export async function axe(page, place, rules) {
  if (!(await page.evaluate(() => Boolean(window.axe)))) await page.evaluate(axeSource);
  const found = await page.evaluate(async (only) => {
    // What is on its way in has not its colours yet.
    await Promise.all(document.getAnimations().filter((one) => one.effect?.getComputedTiming().endTime !== Infinity).map((one) => one.finished.catch(() => undefined)));
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
    const result = await window.axe.run(document, { runOnly: only ? { type: 'rule', values: only } : tags });
    return result.violations.flatMap((one) => one.nodes.slice(0, 5).map((node) => `${one.id}: ${node.target.join(' ')}: ${(node.failureSummary ?? '').split('\n')[1] ?? ''}`));
  }, rules);
  if (found.length > 0) throw new Error(`axe at ${place}:\n${found.join('\n')}`);
}

export async function fits(page, place) {
  const [content, wide, who] = await page.evaluate(() => {
    const edge = document.documentElement.clientWidth;
    const over = [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > edge).map((one) => one.outerHTML.slice(0, 120));
    return [document.documentElement.scrollWidth, edge, over.slice(-3).join('\n')];
  });
  assert.ok(content <= wide, `${place} is wider than the window: ${content} > ${wide}\n${who}`);
}

export function step(text) {
  console.log(`${((Date.now() - began) / 1000).toFixed(1).padStart(7)} s  ${text}`);
}
const began = Date.now();

/** Runs a journey; what the page showed when it failed is in its folder. */
export async function journey(session, name, work) {
  step(name);
  try {
    await work(session.page);
  } catch (error) {
    await session.page.screenshot({ path: join(settings.folder, 'failed.png') }).catch(() => undefined);
    console.log(`--- the page said:\n${await session.page.evaluate(() => document.body.innerText).catch(() => '')}`);
    console.log(session.complaints.join('\n'));
    throw error;
  }
}
