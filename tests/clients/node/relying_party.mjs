// A relying party for the tests: openid-client as it is published, without a line for this bank.
// It is told one step a line, as JSON, and answers each with a line.

import { createInterface } from 'node:readline';
import { Issuer, generators } from 'openid-client';

let client;
let checks;

const steps = {
  async discover({ issuer, metadata, jwks }) {
    const found = await Issuer.discover(issuer);
    client = new found.Client(metadata, jwks);
    return found.metadata;
  },

  async authorize({ parameters, pushed }) {
    const verifier = generators.codeVerifier();
    checks = {
      response_type: 'code',
      state: generators.state(),
      nonce: generators.nonce(),
      code_verifier: verifier,
    };
    const request = {
      state: checks.state,
      nonce: checks.nonce,
      code_challenge: generators.codeChallenge(verifier),
      code_challenge_method: 'S256',
      ...parameters,
    };
    if (!pushed) return client.authorizationUrl(request);
    const { request_uri } = await client.pushedAuthorizationRequest(request);
    // A request that was pushed is named by its address and its application alone (RFC 9126, 4).
    const page = new URL(client.issuer.metadata.authorization_endpoint);
    page.search = new URLSearchParams({ client_id: client.client_id, request_uri });
    return page.href;
  },

  async callback({ location }) {
    const { origin, pathname } = new URL(location);
    const tokens = await client.callback(
      origin + pathname,
      client.callbackParams(location),
      checks,
    );
    return { ...tokens, claims: tokens.claims() };
  },

  userinfo: ({ token }) => client.userinfo(token),
  refresh: ({ token }) => client.refresh(token),
  introspect: ({ token }) => client.introspect(token),
  revoke: ({ token }) => client.revoke(token),
  machine: ({ scope }) => client.grant({ grant_type: 'client_credentials', scope }),
  signOut: async (parameters) => client.endSessionUrl(parameters),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { step, ...given } = JSON.parse(line);
  const answer = await steps[step](given).then(
    (result) => ({ result: result ?? null }),
    (error) => ({ error: error.error ?? error.name, message: error.message }),
  );
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
