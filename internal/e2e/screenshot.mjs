// Takes the picture of the Argo UI for the docs: a finished run, with the
// report open in its artifact panel. Started by screenshot.sh.
//
//   node screenshot.mjs URL-OF-THE-WORKFLOW FILE.png
import { chromium } from 'playwright-core';

const [url, file] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
await page.goto(url, { waitUntil: 'domcontentloaded' });
// The first visit greets with a dialog or two.
const greeting = page.locator('.modal-close').first();
while (await greeting.waitFor({ timeout: 15000 }).then(() => true, () => false)) {
  await greeting.click({ force: true });
  await greeting.waitFor({ state: 'detached', timeout: 2000 }).catch(() => {});
}
// Artifacts are nodes of the graph, known by their titles.
const report = page.locator('title', { hasText: 'report.html' }).first().locator('xpath=../*[contains(@class, "node")]');
await report.waitFor({ state: 'attached', timeout: 30000 });
await report.dispatchEvent('click');
// The panel explains itself first.
const go = page.locator('text=Continue').first();
await go.waitFor({ timeout: 10000 }).then(() => go.click(), () => {});
const frame = page.frameLocator('iframe').first();
await frame.locator('h1').first().waitFor({ timeout: 30000 });
await page.screenshot({ path: file });
await browser.close();
