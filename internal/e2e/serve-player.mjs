// The steps of serve.mjs that are about the player and the transcript, on the
// page of a finished recording, which is open.
import { check, step, until } from './serve-kit.mjs';

export async function player({ page, context, serve, address }) {
  const pause = () => page.evaluate(() => document.getElementById('audio').pause());
  const time = () => page.evaluate(() => document.getElementById('audio').currentTime);

  await step('the audio plays', async () => {
    await page.locator('#play').click();
    await until('the time moves', async () => await time() > 1, 10000);
    check(await page.locator('#play').innerText() === 'Pause', 'the button does not say that it can be paused');
    check(/^0:0[1-9] \/ \d+:\d\d$/.test(await page.locator('#clock').innerText()), `the clock says ${await page.locator('#clock').innerText()}`);
    await page.locator('#play').click();
    const t = await time();
    await page.waitForTimeout(300);
    check(Math.abs(await time() - t) < 0.05, 'it does not pause');
  });

  const words = async () => (await (await page.request.get(serve.url + await page.locator('#player').getAttribute('data-words'))).json()).segments;
  await step('a click on a word plays from it, and marks its segment and the word', async () => {
    const segments = await words(), total = segments.length, off = [];
    for (const share of [0.1, 0.35, 0.6, 0.9]) {
      const i = Math.floor(total * share), n = Math.min(2, segments[i].length - 4);
      const want = segments[i].slice(3, 4 + n).reduce((a, b) => a + b, 0) / 100;
      await pause();
      const place = await page.evaluate(async ([i, n]) => {
        const g = document.querySelectorAll('.g')[i];
        for (let k = 0; k < 3; k++) { // what comes into view may turn out higher than it was thought to be
          g.scrollIntoView({ block: 'center' });
          await new Promise(requestAnimationFrame);
        }
        const m = [...g.firstChild.data.matchAll(/\S+/g)][n], r = new Range();
        r.setStart(g.firstChild, m.index);
        r.setEnd(g.firstChild, m.index + m[0].length);
        const box = r.getClientRects()[0], audio = document.getElementById('audio');
        globalThis.sought = undefined;
        // Paused at once, the word is still the one when one looks.
        audio.addEventListener('seeking', () => { Object.assign(globalThis, { sought: audio.currentTime, played: !audio.paused }); audio.pause(); }, { once: true });
        return { x: box.x + box.width / 2, y: box.y + box.height / 2, word: m[0] };
      }, [i, n]);
      await page.mouse.click(place.x, place.y);
      await until(`a click on "${place.word}" leads anywhere`, () => page.evaluate(() => globalThis.sought !== undefined), 3000);
      const seen = await page.evaluate((i) => new Promise((done) => requestAnimationFrame(() => done({
        sought: globalThis.sought, plays: globalThis.played, now: document.querySelectorAll('.g')[i].classList.contains('now'), current: document.querySelectorAll('.g')[i].getAttribute('aria-current'),
        lit: [...document.querySelectorAll('.g.now')].length, words: [...(CSS.highlights.get('word') ?? [])].map(String),
      }))), i);
      off.push(Math.abs(seen.sought - want));
      check(off.at(-1) <= 0.1, `"${place.word}" is spoken at ${want}, it plays from ${seen.sought}`);
      check(seen.plays && seen.now && seen.current === 'true', `the segment of "${place.word}" is not marked: ${JSON.stringify(seen)}`);
      check(seen.words.includes(place.word), `marked are the words ${seen.words}, not "${place.word}"`);
      check(seen.lit <= 3, `${seen.lit} segments are marked`);
    }
    await pause();
    return `off by at most ${Math.max(...off).toFixed(3)} s`;
  });
  await step('the transcript follows while it plays', async () => {
    await pause();
    const segments = await words(), from = Math.floor(segments.length / 2);
    await page.evaluate(() => scrollTo(0, 0));
    if (await page.locator('#follow').getAttribute('aria-pressed') !== 'true') await page.locator('#follow').click();
    await page.evaluate((t) => { document.getElementById('audio').currentTime = t; }, segments[from][0] / 100);
    await page.locator('#speed').selectOption('2');
    await page.locator('#play').click();
    const seen = new Set();
    let hidden = 0;
    await until('three segments go by', async () => {
      const now = await page.evaluate(() => [...document.querySelectorAll('.g')].flatMap((g, i) => {
        const b = g.getBoundingClientRect(), top = document.getElementById('player').getBoundingClientRect().bottom;
        return g.classList.contains('now') ? [{ i, from: b.top, to: b.bottom, seen: b.top >= top - 1 && b.bottom <= innerHeight + 1, t: document.getElementById('audio').currentTime }] : [];
      }));
      for (const { i, t } of now) {
        check(segments[i][0] / 100 <= t + 0.1, `segment ${i} is marked at ${t}`);
        seen.add(i);
      }
      hidden = now.some((g) => g.seen) ? 0 : hidden + 1;
      check(hidden < 10, `what is spoken is not in view: ${JSON.stringify(now)}`);
      return seen.size >= 3;
    }, 40000);
    await page.mouse.move(600, 600);
    await page.mouse.wheel(0, 200);
    await until('it lets go when one scrolls', async () => await page.locator('#follow').getAttribute('aria-pressed') === 'false', 2000);
    await pause();
    await page.locator('#speed').selectOption('1');
  });
  await step('the player stays in view', async () => {
    await page.locator('.g').last().scrollIntoViewIfNeeded();
    await page.evaluate(() => document.querySelectorAll('.g')[document.querySelectorAll('.g').length - 1].scrollIntoView({ block: 'center' }));
    const top = await page.evaluate(() => document.getElementById('player').getBoundingClientRect().top);
    check(Math.abs(top) < 2, `its top is at ${top}`);
  });
  await step('the waveform is drawn in the colours of those who speak', async () => {
    const colours = await page.evaluate(() => {
      const c = document.querySelector('#scrubber canvas'), d = c.getContext('2d').getImageData(0, c.height / 2, c.width, 1).data, all = {};
      for (let i = 0; i < d.length; i += 4) if (d[i + 3] > 60) { const k = `${d[i] >> 3} ${d[i + 1] >> 3} ${d[i + 2] >> 3}`; all[k] = (all[k] ?? 0) + 1; }
      return Object.values(all).filter((n) => n > 20).length;
    });
    check(colours >= 3, `there are ${colours} colours`);
    return `${colours} colours`;
  });
  await step('the slider works by mouse and by keyboard', async () => {
    await pause();
    const slider = page.locator('#scrubber'), box = await slider.boundingBox(), long = await page.evaluate(() => document.getElementById('audio').duration);
    await page.mouse.click(box.x + box.width * 0.25, box.y + box.height / 2);
    check(Math.abs(await time() - long * 0.25) < 1, `a click at a quarter leads to ${await time()}`);
    await page.mouse.move(box.x + box.width * 0.25, box.y + 5);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 9, { steps: 4 });
    await page.mouse.up();
    check(Math.abs(await time() - long * 0.5) < 1, `dragging to the middle leads to ${await time()}`);
    await slider.focus();
    const moved = async (key, want) => { await page.keyboard.press(key); check(Math.abs(await time() - want) < 0.3, `${key} leads to ${await time()}, not ${want}`); };
    await moved('Home', 0);
    await moved('ArrowRight', 5);
    await moved('ArrowUp', 10);
    await moved('PageUp', 40);
    await moved('PageDown', 10);
    await moved('ArrowLeft', 5);
    await moved('End', long);
    await moved('Home', 0);
    await page.waitForTimeout(100);
    check(await slider.getAttribute('aria-valuenow') === '0' && /^0:00 \//.test(await slider.getAttribute('aria-valuetext')), 'the slider does not tell where it is');
    await page.keyboard.press(' ');
    await until('Space plays', async () => await time() > 0.2, 5000);
    await page.keyboard.press(' ');
    check(await page.evaluate(() => document.getElementById('audio').paused), 'Space does not pause');
  });
  await step('search finds, goes on and back, and Escape ends it', async () => {
    const word = await page.evaluate(() => {
      const all = {};
      for (const m of [...document.querySelectorAll('.g')].map((g) => g.textContent).join(' ').toLowerCase().matchAll(/\b[a-z]{5,}\b/g)) all[m[0]] = (all[m[0]] ?? 0) + 1;
      return Object.entries(all).filter(([, n]) => n >= 2 && n <= 9).sort((a, b) => b[1] - a[1])[0][0];
    });
    const count = await page.evaluate((w) => [...document.querySelectorAll('.g')].reduce((n, g) => n + g.textContent.toLowerCase().split(w).length - 1, 0), word);
    const hits = page.locator('#hits'), now = () => page.evaluate(() => [...(CSS.highlights.get('found-now') ?? [])].map(String));
    check(await page.locator('#next').isDisabled(), 'there is a next before anything is sought');
    await page.locator('#seek').fill(word.toUpperCase());
    await until('the first', async () => await hits.innerText() === `1 of ${count}`, 3000);
    check((await now())[0]?.toLowerCase() === word, `marked is ${await now()}`);
    check(await page.evaluate(() => { const b = [...CSS.highlights.get('found-now')][0].getBoundingClientRect(); return b.top > document.getElementById('player').getBoundingClientRect().bottom && b.bottom < innerHeight; }), 'the match is not in view');
    await page.keyboard.press('Enter');
    await until('the second', async () => await hits.innerText() === `2 of ${count}`, 3000);
    await page.locator('#prev').click();
    await page.locator('#prev').click();
    await until('round to the last', async () => await hits.innerText() === `${count} of ${count}`, 3000);
    await page.locator('#next').click();
    await until('round to the first', async () => await hits.innerText() === `1 of ${count}`, 3000);
    await page.locator('#seek').press('Escape');
    await until('nothing', async () => await hits.innerText() === '' && !(await now()).length, 3000);
    check(await page.locator('#seek').inputValue() === '', 'Escape leaves the field as it was');
    await page.locator('#seek').fill('qqqq');
    await until('it says that there is none', async () => await hits.innerText() === 'None found', 3000);
    await page.locator('#seek').press('Escape');
    return `"${word}", ${count} times`;
  });
  await step('downloads', async () => {
    const sizes = [];
    for (const [name, kind] of [['transcript.vtt', 'text/vtt'], ['transcript.txt', 'text/plain'], ['transcript.json', 'application/json'], ['summary.md', 'text/markdown']]) {
      const link = page.locator(`.files a[href$="/${name}"]`);
      const [download, answer] = await Promise.all([page.waitForEvent('download'), page.request.get(serve.url + await link.getAttribute('href')), link.click()]);
      check(download.suggestedFilename() === name, `${name} is saved as ${download.suggestedFilename()}`);
      check(answer.status() === 200 && answer.headers()['content-type'].startsWith(kind), `${name} is ${answer.status()} ${answer.headers()['content-type']}`);
      sizes.push(`${name} ${(await answer.body()).length} bytes`);
      check((await answer.body()).length > 50, `${name} is empty`);
    }
    return sizes.join(', ');
  });
  await step('a copied link leads to the moment', async () => {
    await page.evaluate(() => { document.getElementById('audio').currentTime = 61.27; });
    await page.locator('#copy').click();
    await until('it says so', async () => (await page.locator('#playsay').innerText()).includes('1:01'), 3000);
    const link = await page.evaluate(() => navigator.clipboard.readText());
    check(link === `${address}#t=61.3`, `copied is ${link}`);
    const other = await context.newPage();
    await other.goto(link);
    await until('it stands there', async () => Math.abs(await other.evaluate(() => document.getElementById('audio').currentTime) - 61.3) < 0.1 && await other.locator('.g.now').count() > 0, 5000);
    check(await other.evaluate(() => { const b = document.querySelector('.g.now').getBoundingClientRect(); return b.top > 0 && b.bottom < innerHeight; }), 'the words are not in view');
    await other.locator('#play').click();
    await until('it plays from there', async () => { const t = await other.evaluate(() => document.getElementById('audio').currentTime); return t > 61.4 && t < 66; }, 5000);
    await other.close();
    await page.bringToFront();
  });
  await step('the player is played by keyboard alone', async () => {
    await page.goto(address);
    await page.locator('#play').waitFor();
    await page.waitForTimeout(500);
    await page.keyboard.press(' ');
    await until('Space plays', async () => await time() > 0.3, 5000);
    await page.keyboard.press(' ');
    check(await page.evaluate(() => document.getElementById('audio').paused), 'Space does not pause');
    await page.locator('#ahead').focus();
    const t = await time();
    await page.keyboard.press('Enter');
    check(Math.abs(await time() - t - 10) < 0.3, 'Enter on +10 s does not lead on');
    await page.keyboard.press('j');
    check(Math.abs(await time() - t) < 0.3, 'j does not lead back');
    const link = page.locator('.script .w a').nth(3);
    const want = Number((await link.getAttribute('href')).match(/[\d.]+/)[0]);
    await link.focus();
    await page.keyboard.press('Enter');
    await until('a time in the transcript plays', async () => { const now = await time(); return now >= want - 0.06 && now < want + 3; }, 3000);
    await pause();
  });
}
