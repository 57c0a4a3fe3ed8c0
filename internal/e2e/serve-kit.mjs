// What serve.mjs stands on: the program under test, its recordings, a browser
// that reports every complaint, and steps that are told as they pass.
import { execFileSync, spawn } from 'node:child_process';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let failures = 0;
export async function step(name, f) {
  const begun = performance.now();
  try {
    const more = await f();
    console.log(`ok    ${name}${more ? `: ${more}` : ''} (${Math.round(performance.now() - begun)} ms)`);
  } catch (e) {
    failures++;
    console.log(`FAIL  ${name}: ${String(e.message ?? e).slice(0, 2000)}`);
  }
}
export const failed = () => failures;
export function check(ok, text) { if (!ok) throw new Error(text); }

// until waits for f to return something true.
export async function until(what, f, limit = 60000) {
  for (const end = performance.now() + limit; ;) {
    const v = await f();
    if (v) return v;
    if (performance.now() > end) throw new Error(`${what}: not within ${limit} ms`);
    await new Promise((r) => setTimeout(r, 50));
  }
}

// Serve is a running trackscribe serve.
export class Serve {
  constructor(bin, source, store) { Object.assign(this, { bin, source, store, secret: randomBytes(24).toString('base64') }); }
  async start(env = {}, ...flags) {
    this.process = spawn(this.bin, ['serve', '--source', this.source, '--store', this.store, '--listen', '127.0.0.1:0', ...flags],
      { env: { ...process.env, DAILY_WEBHOOK_SECRET: this.secret, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.log = '';
    this.process.stderr.on('data', (b) => { this.log += b; });
    this.gone = new Promise((r) => this.process.on('exit', r));
    this.url = await Promise.race([
      new Promise((r) => createInterface({ input: this.process.stdout }).once('line', r)),
      this.gone.then(() => { throw new Error(`serve ended: ${this.log}`); }),
    ]);
    return this.url;
  }
  async stop() {
    this.process?.kill('SIGTERM');
    await this.gone;
  }
  async json(path) { return (await fetch(this.url + path)).json(); }
  // hook tells of a recording as Daily does.
  async hook(id) {
    const now = Math.floor(Date.now() / 1000);
    const body = JSON.stringify({ version: '1.0.0', type: 'recording.ready-to-download', id: `ev-${id}`, event_ts: now, payload: { type: 'raw-tracks', recording_id: id, room_name: 'r', start_ts: 1, status: 'finished', duration: 3, tracks: null } });
    const signature = createHmac('sha256', Buffer.from(this.secret, 'base64')).update(`${now}.${body}`).digest('base64');
    const answer = await fetch(`${this.url}/webhooks/daily`, { method: 'POST', body, headers: { 'X-Webhook-Timestamp': String(now), 'X-Webhook-Signature': signature } });
    check(answer.status === 200, `the webhook is answered with ${answer.status}`);
  }
}

export const evil = '"><script>window.hit=1</script><img src=x onerror="window.hit=2">';

// recordings makes a source with three good recordings, a broken one and one whose
// names are hostile, and returns their ids.
export function recordings(from, to) {
  const first = readdirSync(from).sort().map((n) => join(from, n)).find((d) => existsSync(join(d, 'recording.json')));
  const ids = { good: JSON.parse(readFileSync(join(first, 'recording.json'))).id, before: 'bef02ebe-5b0e-4c43-9a52-2f1f0e6a4d15', second: '5ec0d5ec-5b0e-4c43-9a52-2f1f0e6a4d14', broken: '0badbad0-5b0e-4c43-9a52-2f1f0e6a4d11', hostile: '0e711e11-5b0e-4c43-9a52-2f1f0e6a4d12' };
  for (const [kind, id] of Object.entries(ids)) {
    const folder = join(to, kind);
    mkdirSync(to, { recursive: true });
    cpSync(first, folder, { recursive: true });
    execFileSync('chmod', ['-R', 'u+w', folder]);
    const edit = (file, change) => { const path = join(folder, file), v = JSON.parse(readFileSync(path)); change(v); writeFileSync(path, JSON.stringify(v)); };
    const room = { before: 'planning', second: 'design-review', broken: 'all-hands', hostile: evil }[kind];
    edit('recording.json', (r) => { r.id = id; r.room_name = room ?? r.room_name; });
    if (kind === 'hostile') edit('participants.json', (p) => p.data.forEach((one) => { one.user_name += evil; }));
    if (kind === 'broken') for (const t of readdirSync(join(folder, 'tracks'))) writeFileSync(join(folder, 'tracks', t), randomBytes(50000));
  }
  return ids;
}

// crowd copies a finished recording many times under other ids.
export function crowd(store, id, n) {
  const all = join(store, 'recordings');
  for (let i = 0; i < n; i++) {
    const to = join(all, `crowd000-5b0e-4c43-9a52-${String(i).padStart(12, '0')}`);
    for (const part of ['runs', 'result']) cpSync(join(all, id, part), join(to, part), { recursive: true, filter: (path) => !/\.(webm|png|html)$/.test(path) });
  }
}

// open starts a browser whose pages put every complaint into complaints.
export async function open(complaints) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'],
  });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', permissions: ['clipboard-read', 'clipboard-write'] });
  context.setDefaultTimeout(15000);
  context.on('console', (m) => { if (m.type() === 'error' || m.type() === 'warning') complaints.push(`${m.type()}: ${m.text()} ${m.location().url}`); });
  context.on('weberror', (e) => complaints.push(`error: ${e.error()}`));
  context.on('dialog', (d) => { complaints.push(`dialog: ${d.message()}`); d.dismiss(); });
  await context.addInitScript(() => addEventListener('securitypolicyviolation', (e) => console.error(`policy ${e.violatedDirective} broken by ${e.blockedURI}`)));
  return { browser, context };
}

// audit has axe look at a page, narrow and wide, light and dark, and checks that
// nothing is wider than a narrow screen.
export async function audit(page) {
  const size = page.viewportSize(), found = [];
  let passed = 0;
  await page.evaluate(axe);
  for (const width of [360, 1600]) {
    for (const colorScheme of ['light', 'dark']) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wide > 0) found.push(`${width} px ${colorScheme}: scrolls sideways by ${wide} px`);
      const result = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }));
      passed += result.passes.length;
      for (const v of result.violations) {
        if (v.impact !== 'serious' && v.impact !== 'critical') { console.log(`      ${width} px ${colorScheme}: ${v.impact}: ${v.id}`); continue; }
        found.push(`${width} px ${colorScheme}: ${v.id} (${v.impact}): ${v.nodes.slice(0, 3).map((n) => `${n.html.slice(0, 150)} ${n.any.map((a) => a.message).join(' ')}`).join(' | ')}`);
      }
    }
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(size);
  check(!found.length, found.join('\n        '));
  return `4 looks, ${passed} rules passed`;
}

// long makes of a finished recording one of three hours, with the same audio.
export function long(store, id, to) {
  const all = join(store, 'recordings');
  cpSync(join(all, id), join(all, to), { recursive: true });
  const walk = (dir) => readdirSync(dir, { withFileTypes: true }).flatMap((e) => e.isDirectory() ? walk(join(dir, e.name)) : [join(dir, e.name)]);
  const hash = (b) => createHash('sha256').update(b).digest('hex');
  const swap = new Map();
  for (const file of walk(join(all, to)).filter((f) => f.endsWith('/transcript.json'))) {
    const old = readFileSync(file), t = JSON.parse(old), times = Math.ceil(3 * 3600 / t.duration);
    const later = (list) => Array.from({ length: times }, (_, k) => list.map((x) => ({ ...x, start: x.start + k * t.duration, end: x.end + k * t.duration }))).flat();
    Object.assign(t, { segments: later(t.segments), words: later(t.words), duration: t.duration * times });
    const now = Buffer.from(JSON.stringify(t));
    swap.set(hash(old), [hash(now), old.length, now.length]);
    writeFileSync(file, now);
  }
  for (const file of walk(join(all, to)).filter((f) => f.endsWith('.json') && !f.endsWith('/transcript.json'))) {
    let text = readFileSync(file, 'utf8').replaceAll(id, to);
    for (const [was, [is]] of swap) text = text.replaceAll(was, is);
    for (const [, [is, before, after]] of swap) if (text.includes(is)) text = text.replaceAll(`"size":${before}`, `"size":${after}`).replaceAll(`"size": ${before}`, `"size": ${after}`);
    writeFileSync(file, text);
  }
}
