// Tests the pages of trackscribe serve in a browser. Started by serve.sh.
//
//   node serve.mjs PROGRAM SOURCE TEMPORARY-FOLDER
import { join } from 'node:path';
import { Serve, audit, check, crowd, evil, failed, long, open, recordings, step, until } from './serve-kit.mjs';
import { client, freePort, provider } from './serve-oidc.mjs';
import { player } from './serve-player.mjs';

const [bin, from, tmp] = process.argv.slice(2);
const ids = recordings(from, join(tmp, 'source'));
const serve = new Serve(bin, join(tmp, 'source'), join(tmp, 'store'));
const hours = '10009999-5b0e-4c43-9a52-2f1f0e6a4d13', complaints = [];
const { browser, context } = await open(complaints);
const page = await context.newPage();
const at = (id) => `${serve.url}/recordings/${id}`;
const state = (p = page) => p.locator('#part-head .state').first().innerText();
const finished = (p = page, limit = 120000) => until('the run ends', async () => ['Finished', 'Failed'].includes(await state(p)), limit);
const picture = async (name, p = page) => {
  if (!process.env.SCREENSHOTS) return;
  await p.setViewportSize({ width: 1280, height: 800 });
  await p.screenshot({ path: join(process.env.SCREENSHOTS, `serve-${name}.png`) });
};
// A page that is not told what happens stays as the server drew it.
const still = async (id) => {
  const p = await context.newPage();
  await page.bringToFront(); // a page behind another is drawn rarely
  await p.route(/\/(events|parts)\b/, (r) => r.abort());
  await p.goto(at(id));
  return p;
};

await serve.start({}, '--open');

await step('the list is empty', async () => {
  await page.goto(serve.url);
  check(await page.getByText('No recordings yet').isVisible(), 'it does not say so');
});

let running;
await step('a webhook is taken, and the page goes from queued to finished by itself', async () => {
  await serve.hook(ids.before); // one at a time: the next one has to wait for it
  await serve.hook(ids.good);
  await page.goto(at(ids.good));
  await page.evaluate(() => {
    globalThis.stayed = true;
    globalThis.seen = { progress: new Set(), states: new Set(), titles: new Set(), nodes: new Set() };
    const look = () => {
      const { progress, states, titles, nodes } = globalThis.seen;
      progress.add(document.querySelector('#graph > summary progress')?.value ?? 100);
      states.add(document.querySelector('#part-head .state').textContent);
      titles.add(document.querySelector('h1').textContent);
      for (const n of document.querySelectorAll('.node')) nodes.add(`${n.id} ${n.querySelector('.state').textContent}`);
    };
    look();
    setInterval(look, 20);
    globalThis.look = look;
  });
  await until('something runs', async () => (await page.locator('.node.running').count()) > 0);
  const other = still(ids.good);
  await finished();
  await until('the title is there', async () => (await page.evaluate(() => globalThis.seen.titles.size)) > 1);
  running = await other;
  const seen = await page.evaluate(() => {
    globalThis.look(); // what came since the last look
    return { stayed: globalThis.stayed, ...Object.fromEntries(Object.entries(globalThis.seen).map(([k, v]) => [k, [...v]])) };
  });
  check(seen.stayed, 'the page was loaded again');
  check(seen.states.at(-1) === 'Finished', `it ends as ${seen.states}`);
  check(seen.states.join() === 'Queued,Running,Finished', `it was ${seen.states}`);
  check(seen.progress.length >= 4 && seen.progress.every((v, i, all) => !i || v >= all[i - 1]), `progress went ${seen.progress}`);
  check(seen.nodes.includes('node-transcribe-track Running') && seen.nodes.includes('node-transcribe-track Finished'), 'the transcription was not seen to run and to finish');
  check((await page.title()).startsWith(seen.titles.at(-1)), 'the window has another title');
  return `${seen.states.join(' → ')}; progress ${seen.progress.join(' ')}; "${seen.titles.at(-1)}"`;
});
await step('all of the result came without a reload', async () => {
  await until('player, transcript and downloads', async () => await page.locator('#play').count() && await page.locator('.g').count() && await page.locator('.files a').count());
  await page.waitForTimeout(1500); // nothing is on its way any more
  const text = () => page.evaluate(() => [...document.querySelectorAll('.part')].flatMap((e) => e.textContent.replace(/(\d+ min )?\d+ (s|min ago)\b|just now/g, '').split('\n')));
  const live = await text();
  await page.reload();
  await page.waitForTimeout(1500);
  const anew = await text(), i = live.findIndex((line, k) => line !== anew[k]);
  check(i < 0 && live.length === anew.length, `the page that was watched differs from a new one: "${live[i]}" and "${anew[i]}"`);
});
await step('a page of what has ended asks for nothing again', async () => {
  const asked = [];
  const note = (r) => asked.push(new URL(r.url()).pathname);
  page.on('request', note);
  await page.reload();
  await page.waitForTimeout(2000);
  page.off('request', note);
  check(!asked.some((p) => p.includes('/parts/')), `it fetches ${asked.filter((p) => p.includes('/parts/'))}`);
});
await step('the list shows it', async () => {
  const list = await context.newPage();
  await list.goto(serve.url);
  check(await list.locator(`[id="r-${ids.good}"] .state.done`).count() === 1, 'it is not there as finished');
  await list.close();
  await page.bringToFront();
});

await player({ page, context, serve, address: at(ids.good) });
await step('a page without a moment opens at its top', async () => {
  await page.goto(at(ids.good));
  await page.waitForTimeout(800);
  check(await page.evaluate(() => scrollY) === 0, 'it is scrolled down');
  await picture('finished');
});
await step('the dark theme is chosen, and stays', async () => {
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await paper();
  await page.locator('#theme').click();
  const dark = await paper();
  check(dark !== light && await page.locator('#theme').innerText() === 'Light theme', 'nothing changes');
  await page.reload();
  check(await paper() === dark, 'it is gone after a reload');
  await page.locator('#theme').click();
  check(await paper() === light, 'there is no way back');
  await page.evaluate(() => localStorage.clear());
  await page.reload();
});
await step('everything is reached by keyboard, in order, and one sees where one is', async () => {
  await page.evaluate(() => scrollTo(0, 0));
  const order = [], blind = [];
  await page.keyboard.press('Tab');
  check(await page.evaluate(() => document.activeElement.className === 'skip' && document.activeElement.getBoundingClientRect().left >= 0), 'the first is no way to skip to the content');
  for (let i = 0; i < 400; i++) {
    const e = await page.evaluate(() => {
      const a = document.activeElement, s = getComputedStyle(a), b = a.getBoundingClientRect();
      if (a === document.body) return null;
      return { name: a.id || a.getAttribute('href') || a.textContent.trim().slice(0, 20), ring: s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 1, seen: b.bottom > 0 && b.top < innerHeight && document.elementsFromPoint(Math.max(1, b.left + 2), Math.min(innerHeight - 1, Math.max(1, b.top + b.height / 2))).some((x) => a.contains(x) || x.contains(a)), top: !(a.compareDocumentPosition(document.getElementById('part-player')) & Node.DOCUMENT_POSITION_PRECEDING) || a.closest('#part-player') || b.top >= document.getElementById('player').getBoundingClientRect().bottom - 2 };
    });
    if (!e) break;
    order.push(e.name);
    if (!e.ring || !e.seen || !e.top) blind.push(`${e.name} ${JSON.stringify(e)}`);
    await page.keyboard.press('Tab');
  }
  const want = ['#main', '/', 'theme', '/', 'scrubber', 'play', 'back', 'ahead', 'speed', 'follow', 'copy', 'seek'];
  let k = 0;
  for (const name of order) if (name === want[k]) k++;
  check(k === want.length, `${want[k]} is not reached in its turn: ${order.slice(0, 30)}`);
  const links = await page.locator('.files a').count(), tabbed = order.filter((n) => n.includes('/result/')).length;
  check(tabbed === links, `${tabbed} of ${links} downloads are reached`);
  check(!blind.length, `not seen: ${blind.slice(0, 5).join('; ')}`);
  return `${order.length} stops`;
});
await step('process again: a second run ends, from what there is', async () => {
  await page.locator('#again > summary').click();
  await page.locator('#refresh').selectOption('send-webhook');
  await page.locator('#again button').click();
  await until('there are two runs', async () => await page.locator('#runs').count() > 0 && (await page.locator('#runs > summary').innerText()) === '2 runs', 20000);
  await finished();
  await until('what was kept is told', async () => (await page.locator('#node-transcribe-track').textContent()).includes('kept from an earlier run'), 10000);
  check(await page.locator('#play').count() === 1, 'the player is gone');
});

await step('a recording that fails says why, live', async () => {
  await serve.hook(ids.broken);
  await page.goto(at(ids.broken));
  await finished();
  check(await state() === 'Failed', `it is ${await state()}`);
  await until('the reason', async () => await page.locator('.alert').count() > 0, 5000);
  const reason = await page.locator('.alert').innerText();
  check(/track/.test(reason), `it says ${reason}`);
  await until('the step', async () => await page.locator('.node.failed .trouble').count() > 0, 5000);
  check(await page.getByRole('button', { name: 'Retry' }).count() === 1, 'one cannot try again');
  await page.waitForTimeout(700);
  await picture('failed');
  return reason.replace(/\n/g, ' ');
});

if (process.env.SCREENSHOTS) await step('pictures of a run on its way', async () => {
  await serve.hook(ids.second);
  await page.goto(at(ids.second));
  await until('the words come', async () => Number(await page.locator('#node-transcribe-track progress').getAttribute('value').catch(() => 0)) > 20);
  await picture('running');
  const list = await context.newPage();
  await list.goto(serve.url);
  await picture('list', list);
  await list.close();
  await page.bringToFront();
  await finished();
});

await step('hostile names are text', async () => {
  await serve.hook(ids.hostile);
  await page.goto(at(ids.hostile));
  await until('it runs', async () => (await page.locator('.node.running').count()) > 0);
  const list = await context.newPage();
  await list.goto(serve.url);
  // Where there are no WebSockets, server-sent events do.
  const plain = await context.newPage();
  await plain.addInitScript(() => { delete globalThis.WebSocket; });
  await plain.goto(at(ids.hostile));
  const before = await state(plain);
  await page.bringToFront();
  await finished();
  await until('a page without WebSockets sees the end', async () => await state(plain) === 'Finished' && before !== 'Finished', 10000);
  await plain.close();
  await until('the names', async () => (await page.locator('.people').count()) > 0 && (await page.locator('.g').count()) > 0);
  await page.waitForTimeout(1000);
  for (const p of [page, list]) {
    check(await p.evaluate(() => globalThis.hit === undefined), 'something ran');
    check(await p.locator('img, script:not([src])').count() === 0, 'an element got in');
    check((await p.locator('body').innerText()).includes('<img src=x'), 'the names are not shown as they are');
  }
  const report = await context.newPage();
  await report.goto(`${serve.url}/v1/recordings/${ids.hostile}/result/report.html`);
  check(await report.evaluate(() => document.querySelectorAll('img, script').length === 0 && globalThis.hit === undefined), 'something got into the report');
  check((await report.locator('body').innerText()).includes(evil.slice(0, 20)), 'the report has other names');
  await report.close();
  await list.close();
  await page.bringToFront();
});

for (const [name, get] of [
  ['the list', async () => { await page.goto(serve.url); return page; }],
  ['a running page', async () => { await running.bringToFront(); return running; }],
  ['a finished page', async () => { await page.bringToFront(); await page.goto(at(ids.good)); await page.locator('#play').waitFor(); await page.waitForTimeout(500); return page; }],
  ['a finished page, played and searched', async () => { await page.locator('#seek').fill('the'); await page.locator('#play').click(); await page.waitForTimeout(800); await page.locator('#play').click(); return page; }],
  ['a failed page', async () => { await page.goto(at(ids.broken)); return page; }],
  ['a page that is not there', async () => { await page.goto(at('nobody')); complaints.pop(); return page; }],
]) await step(`axe finds nothing serious, and nothing scrolls sideways: ${name}`, async () => audit(await get()));

await step('the list is there in under 200 ms with 1,000 recordings', async () => {
  await Promise.all(context.pages().map((p) => p.goto('about:blank')));
  await serve.stop();
  crowd(serve.store, ids.good, 1000);
  long(serve.store, ids.good, hours);
  await serve.start({}, '--open');
  await until('all are listed', async () => (await serve.json('/v1/recordings')).total >= 1000, 120000);
  const paint = async (p, path) => {
    await p.goto(serve.url + path);
    return until('it paints', () => p.evaluate(() => performance.getEntriesByType('paint').find((e) => e.name === 'first-contentful-paint')?.startTime), 5000);
  };
  const median = (all) => all.toSorted((a, b) => a - b)[all.length >> 1];
  const paints = [], answers = [], cold = { '/': [], '/healthz': [] };
  for (let i = 0; i < 9; i++) {
    // A window that was never open takes its time whatever it shows: a page of
    // two letters beside ours.
    for (const path in cold) {
      const one = await browser.newContext();
      cold[path].push(await paint(await one.newPage(), path));
      await one.close();
    }
    const one = await browser.newContext(), p = await one.newPage(); // with nothing in its cache
    await p.goto(`${serve.url}/healthz`);
    await p.waitForTimeout(300);
    paints.push(await paint(p, '/'));
    answers.push(await p.evaluate(() => performance.getEntriesByType('navigation')[0].responseEnd));
    await one.close();
  }
  const told = `first paint after ${paints.map(Math.round).join(' ')} ms, of which the answer takes ${answers.map(Math.round).join(' ')} ms; `
    + `in a window that was never open after ${Math.round(median(cold['/']))} ms, a page of two letters there after ${Math.round(median(cold['/healthz']))} ms`;
  check(median(paints) < 200, told);
  return told;
});
await step('a page of three hours is small, and stays smooth while it plays', async () => {
  const p = await context.newPage(), wire = await context.newCDPSession(p), kinds = new Map();
  let bytes = 0;
  await wire.send('Network.enable');
  wire.on('Network.responseReceived', (e) => kinds.set(e.requestId, e.type));
  wire.on('Network.loadingFinished', (e) => { if (kinds.get(e.requestId) !== 'Media') bytes += e.encodedDataLength; });
  await p.addInitScript(() => {
    globalThis.longest = 0;
    new PerformanceObserver((l) => { for (const e of l.getEntries()) globalThis.longest = Math.max(globalThis.longest, e.duration); }).observe({ type: 'longtask', buffered: true });
  });
  await p.goto(at(hours));
  await until('the player is ready', async () => (await p.locator('#clock').innerText()).includes('/'));
  await p.locator('#play').click();
  await until('it plays', () => p.evaluate(() => document.getElementById('audio').currentTime > 0.2), 10000);
  const rate = await p.evaluate(() => new Promise((done) => {
    const begun = performance.now();
    let n = 0;
    const count = (now) => { n++; if (now - begun < 5000) requestAnimationFrame(count); else done(n * 1000 / (now - begun)); };
    requestAnimationFrame(count);
  }));
  const segments = await p.locator('.g').count(), longest = await p.evaluate(() => globalThis.longest);
  await p.close();
  const told = `${segments} segments, ${Math.round(bytes / 1000)} kB before audio, ${Math.round(rate)} frames a second, longest task ${Math.round(longest)} ms`;
  check(segments > 1000 && bytes < 1e6 && rate > 30 && longest < 250, told);
  return told;
});
await step('the list filters as one types', async () => {
  await page.goto(serve.url);
  await page.locator('#state').selectOption('failed');
  await until('one is left', async () => await page.locator('.rows > li').count() === 1, 5000);
  check(new URL(page.url()).search === '?state=failed', `the address is ${page.url()}`);
  await page.locator('#state').selectOption('');
  await page.locator('#q').fill('crowd000-5b0e-4c43-9a52-000000000999');
  await until('another is left', async () => await page.locator('.rows > li').count() === 1 && (await page.locator('.rows a').getAttribute('href')).endsWith('999'), 5000);
  await audit(page);
});

await step('axe finds nothing serious, and nothing scrolls sideways: signing in', async () => {
  await page.goto('about:blank');
  await serve.stop();
  await serve.start({ TRACKSCRIBE_SERVE_TOKEN: 'a-token-for-the-test-0123456789' });
  await page.goto(at(ids.good));
  complaints.splice(0, complaints.length, ...complaints.filter((c) => !/401/.test(c)));
  check(new URL(page.url()).pathname === '/sign-in', `one is let in: ${page.url()}`);
  const found = await audit(page);
  await page.locator('#token').fill('a-token-for-the-test-0123456789');
  await page.keyboard.press('Enter');
  await page.waitForURL(at(ids.good));
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(/sign-in/);
  return found;
});
await step('one signs in at an identity provider of another site, and sees what the rules say', async () => {
  await page.goto('about:blank');
  await serve.stop();
  const who = await provider({ ann: { groups: ['staff', 'sales'] }, ben: { groups: ['guests'] } }), port = await freePort();
  await serve.start({
    TRACKSCRIBE_OIDC_ISSUER: who.url, TRACKSCRIBE_OIDC_CLIENT_ID: client.id, TRACKSCRIBE_OIDC_CLIENT_SECRET: client.secret,
    UI_BASE_URL: `http://127.0.0.1:${port}`, TRACKSCRIBE_SERVE_RULES: 'groups:sales=crowd000-*',
  }, '--listen', `127.0.0.1:${port}`);
  const enter = async (name) => {
    await page.getByRole('link', { name: 'Sign in with your organisation' }).click();
    await page.getByRole('link', { name }).click();
  };
  const one = 'crowd000-5b0e-4c43-9a52-000000000999';
  await page.goto(at(one));
  check(new URL(page.url()).pathname === '/sign-in', `one is let in: ${page.url()}`);
  await enter('ben');
  check(await page.getByText('You may not see any recording here').isVisible(), 'ben is not told that he may see nothing');
  await page.goto(at(one));
  await enter('ann');
  await page.waitForURL(at(one));
  check((await page.locator('h1').innerText()).length > 0 && await state() === 'Finished', 'ann does not see the page she wanted');
  await page.goto(at(ids.good));
  check(await page.getByText('There is no such recording').isVisible(), 'ann sees what the rules do not let her see');
  await page.goto(serve.url);
  await until('all that she may see are listed', async () => await page.reload() && await page.locator('#found .note').innerText() === '1000 recordings');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.goto(serve.url);
  check(new URL(page.url()).pathname === '/sign-in', `she is still let in: ${page.url()}`);
  who.stop();
  complaints.splice(0, complaints.length, ...complaints.filter((c) => !/40[134]/.test(c)));
});
await step('the console is silent', async () => {
  complaints.splice(0, complaints.length, ...complaints.filter((c) => !/\/(events|parts\/\w+)\b.*|WebSocket connection/.test(c)));
  check(!complaints.length, complaints.slice(0, 10).join('\n        '));
});

await browser.close();
await serve.stop();
console.log(failed() ? `${failed()} steps failed` : 'all passed');
process.exitCode = failed() ? 1 : 0;
