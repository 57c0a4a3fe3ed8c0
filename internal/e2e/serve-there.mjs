// Tests the pages of a trackscribe serve that runs elsewhere, such as on a
// cluster. Started by serve.sh.
//
//   SERVE_URL=… SERVE_TOKEN=… SERVE_SECRET=… SERVE_ID=… node serve-there.mjs
import { Serve, audit, check, failed, open, step, until } from './serve-kit.mjs';
import { player } from './serve-player.mjs';

const { SERVE_URL: url, SERVE_TOKEN: token, SERVE_SECRET: secret, SERVE_ID: id } = process.env;
const serve = Object.assign(new Serve(), { url, secret }), complaints = [];
const { browser, context } = await open(complaints);
const page = await context.newPage(), address = `${url}/recordings/${id.toLowerCase()}`;

await step('a stranger is asked to sign in, and comes back to where they wanted to go', async () => {
  await page.goto(`${url}/?q=meeting`);
  check(new URL(page.url()).pathname === '/sign-in', `one comes to ${page.url()}`);
  await page.locator('input[name=token]').fill(token);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${url}/?q=meeting`);
});
await step('a webhook is taken, and the page goes from queued to finished by itself', async () => {
  await serve.hook(id);
  await page.goto(address);
  const states = await page.evaluate(() => {
    globalThis.states = new Set();
    globalThis.look = () => globalThis.states.add(document.querySelector('#part-head .state').textContent);
    setInterval(globalThis.look, 50);
    return document.querySelector('#part-head .state').textContent;
  });
  check(['Queued', 'Running'].includes(states), `it begins as ${states}`);
  await until('the run ends', async () => ['Finished', 'Failed'].includes(await page.locator('#part-head .state').first().innerText()), 600000);
  const seen = await page.evaluate(() => [...globalThis.look()]);
  check(seen.at(-1) === 'Finished' && seen.includes('Running'), `it was ${seen}`);
  await until('player and transcript', async () => await page.locator('#play').count() && await page.locator('.g').count());
  return seen.join(' → ');
});
await player({ page, context, serve, address });
await step('accessible', async () => audit(page));
await step('the console is silent', async () => check(!complaints.length, complaints.join('\n')));
await browser.close();
process.exit(failed() ? 1 : 0);
