// A headless Chromium for journeys: the manager's name leads to its address, the estate's root is trusted in this profile alone, and
// everything that the console or the network says against the page is kept for the end.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
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

export const go = (page, path) => page.goto(settings.url + path);

export async function logIn(page, user = 'admin', secret = password) {
  await page.locator('input[name=user]').fill(user);
  await page.locator('input[name=password]').fill(secret);
  await page.getByRole('button', { name: 'Log in' }).click();
}

/** What axe finds against WCAG 2.2 AA; `rules`: these alone. */
export async function axe(page, place, rules) {
  await page.evaluate(axeSource);
  const found = await page.evaluate(async (only) => {
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
