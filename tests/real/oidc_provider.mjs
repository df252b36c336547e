// An OpenID Connect server by other hands (npm oidc-provider), with RFC 8693 as Keycloak's Standard Token Exchange
// V2 has it: in one realm, access tokens only, the exchanging client in the subject token's audience, never wider.
import { createServer } from "node:http";
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify } from "jose";
import Provider, { errors } from "oidc-provider";

const CLI = "agent-supervise-cli";
const BROKER = "agent-supervise";
const AUDIENCE = "sts.amazonaws.com";
const TASKS = ["task-s3-static-site", "task-terraform-plan"];
const ROLES = { ann: ["developer"], bob: ["approver"] };
const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS = "urn:ietf:params:oauth:token-type:access_token";
const RESOURCES = { "urn:agent-supervise:broker": BROKER, "urn:agent-supervise:aws": AUDIENCE };

const server = createServer();
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const key = async (alg, kid) =>
  ({ ...(await exportJWK((await generateKeyPair(alg, { extractable: true })).privateKey)), alg, kid, use: "sig" });
const jwks = { keys: [await key("RS256", "rsa"), await key("ES256", "ec")] };
const open = createLocalJWKSet({ keys: jwks.keys.map(({ d, p, q, dp, dq, qi, ...publicPart }) => publicPart) });
const revoked = new Set();

const provider = new Provider(issuer, {
  jwks,
  cookies: { keys: [process.env.SECRET] },
  clients: [
    { client_id: CLI, token_endpoint_auth_method: "none", application_type: "native",
      redirect_uris: ["http://127.0.0.1/callback"], response_types: ["code"],
      grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"] },
    { client_id: BROKER, client_secret: process.env.SECRET, grant_types: [EXCHANGE], redirect_uris: [],
      response_types: [] },
  ],
  scopes: ["openid", ...TASKS],
  claims: { openid: ["sub", "preferred_username"] },
  conformIdTokenClaims: false,
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, preferred_username: id }) }),
  issueRefreshToken: async (ctx, client) => client.grantTypeAllowed("refresh_token"),
  pkce: { required: () => true },
  extraTokenClaims: async (ctx, token) =>
    token.gty === EXCHANGE
      ? { sid: token.grantId }
      : { sid: token.grantId, preferred_username: token.accountId, roles: ROLES[token.accountId] ?? [] },
  features: {
    devInteractions: { enabled: true },
    deviceFlow: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => "urn:agent-supervise:broker",
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, resource) => ({
        scope: TASKS.join(" "), audience: RESOURCES[resource], accessTokenFormat: "jwt", accessTokenTTL: 120,
        jwt: { sign: { alg: resource.endsWith("aws") ? "ES256" : "RS256" } },
      }),
    },
  },
});

const claimsOf = async (token, more = {}) =>
  (await jwtVerify(token ?? "", open, { issuer, typ: "at+jwt", ...more }).catch(() => {
    throw new errors.InvalidRequest("invalid token");
  })).payload;

provider.registerGrantType(
  EXCHANGE,
  async (ctx) => {
    const { params, client } = ctx.oidc;
    if (params.subject_token_type !== ACCESS || (params.requested_token_type ?? ACCESS) !== ACCESS) {
      throw new errors.InvalidRequest("only access tokens are exchanged");
    }
    const subject = await claimsOf(params.subject_token);
    if (![subject.aud].flat().includes(client.clientId)) {
      throw new errors.AccessDenied("client is not within the token audience");
    }
    const grant = await provider.Grant.find(subject.sid);
    if (!grant || revoked.has(subject.jti)) throw new errors.InvalidRequest("invalid token");
    const asked = (params.scope ?? "").split(" ");
    const wider = asked.filter((one) => !(subject.scope ?? "").split(" ").includes(one));
    if (wider.length || !asked[0]) throw new errors.InvalidScope("not in the subject token", wider.join(" "));
    if (params.audience !== AUDIENCE) throw new errors.InvalidTarget("audience not available");
    const token = new provider.AccessToken({
      accountId: subject.sub, client, grantId: subject.sid, gty: EXCHANGE, scope: asked.join(" "),
    });
    token.resourceServer = new provider.ResourceServer("urn:agent-supervise:aws", {
      scope: TASKS.join(" "), audience: AUDIENCE, accessTokenFormat: "jwt", accessTokenTTL: 120,
      jwt: { sign: { alg: "ES256" } },
    });
    ctx.body = {
      access_token: await token.save(), issued_token_type: ACCESS, token_type: "Bearer", expires_in: token.expiration,
      scope: token.scope,
    };
  },
  ["audience", "requested_token_type", "scope", "subject_token", "subject_token_type"],
);

// Access tokens that are JWTs are kept nowhere in this library: their revocation is a list of our own.
provider.use(async (ctx, next) => {
  if (ctx.path === "/active") {
    const found = await claimsOf(ctx.query.token).catch(() => undefined);
    ctx.body = { active: Boolean(found) && !revoked.has(found.jti) };
    return;
  }
  if (ctx.path === "/token/revocation" && ctx.method === "POST") {
    const chunks = [];
    for await (const chunk of ctx.req) chunks.push(chunk);
    ctx.req.body = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
    const found = await claimsOf(ctx.req.body.token).catch(() => undefined);
    if (found) {
      const [id, secret] = Buffer.from((ctx.get("Authorization") || " ").split(" ")[1] ?? "", "base64").toString()
        .split(":").map(decodeURIComponent);
      const may = id === found.client_id && secret === process.env.SECRET;
      ctx.status = may ? 200 : 401;
      ctx.body = may ? "" : { error: "invalid_client" };
      if (may) revoked.add(found.jti);
      return;
    }
  }
  await next();
});

server.on("request", provider.callback());
process.stdin.on("end", () => process.exit(0)).resume();
console.log(`listening ${issuer}`);
