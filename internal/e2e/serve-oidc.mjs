// An identity provider for serve.mjs: OpenID Connect with its code flow, on
// another site than the server's, with a page on which one says who one is.
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { createServer } from 'node:http';

export const client = { id: 'pages', secret: 'a-secret-of-this-client' };

const b64 = (v) => Buffer.from(typeof v === 'string' || Buffer.isBuffer(v) ? v : JSON.stringify(v)).toString('base64url');

// provider starts one that knows these people: by name, the claims of each.
export async function provider(people) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const codes = new Map();
  const answers = {
    '/.well-known/openid-configuration': (at) => ({
      issuer: at, authorization_endpoint: `${at}/authorize`, token_endpoint: `${at}/token`, jwks_uri: `${at}/keys`,
      response_types_supported: ['code'], subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['ES256'],
    }),
    '/keys': () => ({ keys: [{ ...publicKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'one' }] }),
    '/token': (at, asked, basic) => {
      const grant = codes.get(asked.get('code'));
      codes.delete(asked.get('code'));
      const proof = createHash('sha256').update(asked.get('code_verifier') ?? '').digest('base64url');
      const known = basic === `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`;
      if (!grant || !known || proof !== grant.get('code_challenge') || asked.get('redirect_uri') !== grant.get('redirect_uri')) return null;
      const now = Math.floor(Date.now() / 1000);
      const text = `${b64({ alg: 'ES256', kid: 'one' })}.${b64({ iss: at, aud: client.id, sub: grant.get('who'), iat: now, exp: now + 60, nonce: grant.get('nonce'), ...people[grant.get('who')] })}`;
      return { token_type: 'Bearer', access_token: 'of-no-use', id_token: `${text}.${b64(sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }))}` };
    },
  };
  const server = createServer(async (req, res) => {
    const url = new URL(req.url, 'http://localhost'), at = `http://localhost:${server.address().port}`;
    if (url.pathname === '/authorize') { // whoever comes chooses who they are
      res.setHeader('Content-Type', 'text/html');
      res.end(`<!doctype html><link rel="icon" href="data:,"><title>Who are you?</title>${Object.keys(people).map((who) => `<p><a href="/as/${who}${url.search.replaceAll('&', '&amp;')}">${who}</a>`).join('')}`);
    } else if (url.pathname.startsWith('/as/')) {
      const code = randomBytes(8).toString('hex');
      url.searchParams.set('who', url.pathname.slice(4));
      codes.set(code, url.searchParams);
      res.writeHead(302, { Location: `${url.searchParams.get('redirect_uri')}?${new URLSearchParams({ code, state: url.searchParams.get('state') })}` }).end();
    } else {
      let body = '';
      for await (const b of req) body += b;
      const answer = answers[url.pathname]?.(at, new URLSearchParams(body), req.headers.authorization);
      res.writeHead(answer ? 200 : 400, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer ?? { error: 'invalid_grant' }));
    }
  });
  await new Promise((r) => server.listen(0, 'localhost', r));
  return { url: `http://localhost:${server.address().port}`, stop: () => { server.closeAllConnections(); server.close(); } };
}

// freePort returns a port on which nobody listens.
export async function freePort() {
  const server = createServer();
  await new Promise((r) => server.listen(0, '127.0.0.1', r));
  const { port } = server.address();
  await new Promise((r) => server.close(r));
  return port;
}
