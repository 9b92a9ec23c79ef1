// A certificate failure, from the overview down to its cause.
import assert from 'node:assert/strict';
import { close, go, journey, logIn, open, seenByOpenssl, settings } from './browser.mjs';

const session = await open({ name: 'failure' });

await journey(session, 'a certificate failure is found from the overview down to its cause in three clicks, which are counted', async (page) => {
  await go(page, '/');
  await logIn(page);
  const button = page.getByRole('link', { name: 'Open the critical tickets' });
  await button.waitFor({ timeout: 60_000 });
  await page.evaluate(() => {
    window.clicks = 0;
    document.addEventListener('click', () => (window.clicks += 1), true);
  });
  await button.click();
  await page.getByRole('row').filter({ hasText: settings.name }).getByRole('link', { name: settings.title }).click();
  await page.getByText('What to do:').first().waitFor();
  await page.getByRole('link', { name: 'The evidence for each service' }).click();
  const row = page.getByRole('row').filter({ hasText: 'HTTPS' }).first();
  await row.waitFor();
  await page.getByText(settings.cause).first().waitFor();
  assert.equal(await page.evaluate(() => window.clicks), 3, 'clicks');
  assert.ok(!(await seenByOpenssl(settings.failing.address, settings.failing.host_name)).verified, 'openssl sees it, too');
});

await close(session);
