// The pictures of README and docs.
import { join } from 'node:path';
import { close, closeBrowser, go, logIn, open, settings, window_ } from './browser.mjs';
import * as systems from './systems.mjs';

const shots = [
  ['overview', '/'],
  ['systems', '/systems'],
  ['system', `/systems/${settings.low}`],
  ['evidence', `/systems/${settings.high}/evidence`],
  ['certificate', `/systems/${settings.high}/certificate`],
  ['plan', `/systems/${settings.low}/plan`],
  ['secure-only', '/secure-only'],
  ['campaign', `/campaigns/${settings.campaign}`],
  ['tickets', '/tickets'],
  ['ticket', `/tickets/${settings.ticket}`],
  ['certificates', '/certificates'],
  ['issuers', '/issuers'],
  ['settings', '/settings'],
  ['about', '/about'],
  ['set-up', '/set-up/name'],
];
const settled = async (page) => {
  await page.waitForFunction(() => document.querySelector('h1') && !document.querySelector('.loading, [class*=Skeleton]'), undefined, { timeout: 60_000 });
  await page.waitForTimeout(700);
};

for (const [name, width, height, dark, some] of [
  ['', 1280, 820, false, shots],
  ['-dark', 1280, 820, true, shots.filter(([one]) => ['overview', 'systems', 'system'].includes(one))],
  ['-phone', 390, 800, false, shots.filter(([one]) => ['overview', 'systems', 'system'].includes(one))],
]) {
  const session = await open({ width, height, dark, name: `pictures${name}` });
  await go(session.page, '/');
  await session.page.screenshot({ path: join(settings.out, `log-in${name}.png`) });
  await logIn(session.page);
  await session.page.getByRole('heading', { name: 'Overview' }).waitFor();
  for (const [place, path] of some) {
    await go(session.page, path);
    await settled(session.page);
    await session.page.screenshot({ path: join(settings.out, `${place}${name}.png`) });
  }
  await close(session);
}

// The pages of a system at factory defaults, over HTTP as its guide begins.
const pages = `http://${settings.device}:${settings.plain}`;
const device = await window_([pages], { viewport: { width: 1280, height: 820 } });
await device.page.goto(pages.replace('//', '//anything:TANDBERG@'));
await device.page.goto(pages);
await systems.place(device.page, settings.devicePlace);
await systems.fill(device.page, 'Upload', { 'Root Certificate': [settings.companyRoot], 'HTTPS Certificate': [settings.certificate], 'Private Key': [settings.key], Passphrase: 'open sesame' });
await device.page.locator('.found').first().waitFor();
await device.page.waitForTimeout(700);
await device.page.locator('.found').last().evaluate((one) => one.scrollIntoView({ block: 'end' }));
await device.page.screenshot({ path: join(settings.out, 'device.png') });
await device.context.close();
await closeBrowser();
