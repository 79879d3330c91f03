// node oidc-provider with everything in memory: `node server.js PORT CLIENT_ID CLIENT_SECRET CHAINS`.
// Once it listens it prints {"refresh_tokens": [...]}, the first of each of so many chains.

import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const [port, clientId, clientSecret, chains] = process.argv.slice(2);
const JWT = 'urn:bench:jwt';
const OPAQUE = 'urn:bench:opaque';
const KEPT = 10_000;
const DAY = 86_400;

// The adapter that comes with the library walks every token of a grant at each rotation, so a chain
// slows down as it grows; this one does not. Like that one it forgets what was not used for long:
// of each kind it holds between KEPT and twice as many entries.
class MemoryAdapter {
  recent = new Map();

  older = new Map();

  async upsert(id, payload) {
    this.recent.set(id, payload);
    if (this.recent.size >= KEPT) {
      this.older = this.recent;
      this.recent = new Map();
    }
  }

  async find(id) {
    const payload = this.recent.get(id) ?? this.older.get(id);
    if (payload && !payload.consumed && !this.recent.has(id)) {
      await this.upsert(id, payload);
    }
    return payload;
  }

  async consume(id) {
    (await this.find(id)).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    this.recent.delete(id);
    this.older.delete(id);
  }

  async revokeByGrantId(grantId) {
    for (const entries of [this.recent, this.older]) {
      for (const [id, payload] of entries) {
        if (payload.grantId === grantId) {
          entries.delete(id);
        }
      }
    }
  }
}

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: MemoryAdapter,
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      grant_types: ['client_credentials', 'refresh_token'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_basic',
    },
  ],
  scopes: ['api', 'offline_access'],
  rotateRefreshToken: true,
  ttl: { AccessToken: DAY, ClientCredentials: DAY, Grant: DAY, RefreshToken: DAY },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: {
      enabled: true,
      allowedPolicy: (_ctx, caller, token) => token.clientId === caller.clientId,
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => JWT,
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, resource) => ({
        scope: 'api',
        audience: resource,
        accessTokenFormat: resource === OPAQUE ? 'opaque' : 'jwt',
        accessTokenTTL: DAY,
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});

async function firstRefreshToken(client) {
  const grant = new provider.Grant({ accountId: 'ada', clientId });
  grant.addOIDCScope('offline_access');
  grant.addResourceScope(JWT, 'api');
  const token = new provider.RefreshToken({
    accountId: 'ada',
    client,
    expiresWithSession: false,
    grantId: await grant.save(),
    gty: 'authorization_code',
    resource: JWT,
    scope: 'offline_access api',
  });
  return token.save();
}

const client = await provider.Client.find(clientId);
const tokens = [];
for (let n = 0; n < Number(chains); n += 1) {
  tokens.push(await firstRefreshToken(client));
}
provider.listen(Number(port), '127.0.0.1', () => {
  console.log(JSON.stringify({ refresh_tokens: tokens }));
});
