// How long the overview takes from the first byte asked for until it is drawn: with an empty cache, and again.
import { close, go, logIn, open, settings } from './browser.mjs';

const figures = { cold: [], warm: [] };
for (let round = 0; round < settings.rounds; ++round) {
  const session = await open({ name: `load-${round}` });
  const { page } = session;
  // The log-in has loaded what the overview needs, so that the cache is emptied for the first figure.
  await go(page, '/');
  await logIn(page);
  await page.locator('[data-ready=overview]').waitFor();
  const cdp = await session.context.newCDPSession(page);
  for (const kind of ['cold', 'warm']) {
    if (kind === 'cold') await cdp.send('Network.clearBrowserCache');
    await page.goto('about:blank');
    await page.goto(settings.url, { waitUntil: 'commit' });
    await page.locator('[data-ready=overview]').waitFor();
    figures[kind].push(
      await page.evaluate(
        () =>
          new Promise((done) => {
            // After the frame that shows it.
            requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())));
          }),
      ),
    );
  }
  await close(session);
}
console.log(JSON.stringify(figures));
