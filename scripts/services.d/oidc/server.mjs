// The OpenID provider of the tests: the certified `oidc-provider`, with clients and users that tests know.
//
//     node server.mjs DATA-FOLDER ADDRESS PORT        (OIDC_PASSWORD: the secret of all clients)
//
// Whoever asks by another name (Host) gets a provider of that name: an issuer, keys, sessions of its own. So a
// test that puts a proxy before this server, to forge or to lose answers, has a provider that nobody else uses.
// `/thin` below each is another issuer, which puts no claims about the user into ID tokens, as Okta does.
//
// Signing in is a form (`login`, and any password), consent another: a client without a browser can send both.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const [, , , address, port] = process.argv;
const secret = process.env.OIDC_PASSWORD;
if (!secret || !port) throw new Error('usage: OIDC_PASSWORD=… node server.mjs DATA-FOLDER ADDRESS PORT');

const providersMax = 256;
const thin = '/thin';
const resource = 'https://films.example/api';

// What a provider says of its users. Whoever signs in as somebody else exists as well, without an e-mail.
const users = {
    ada: { name: 'Ada', email: 'ada@films.example', email_verified: true, roles: ['film-editors'] },
    ben: { name: 'Ben', email: 'ben@films.example', email_verified: true, roles: ['everyone'] },
    cleo: { name: 'Cleo', email: 'cleo@films.example', email_verified: true, roles: ['film-admins'] },
    // Says that Ada's address is hers, which nobody has looked into.
    mallory: { name: 'Mallory', email: 'ada@films.example', email_verified: false, roles: ['everyone'] },
    // Says nothing of whether it was looked into.
    niko: { name: 'Niko', email: 'niko@films.example', roles: [] },
};

// The redirect URI of a native client may have any port (RFC 8252 section 7.3), so it fits all servers of tests.
const redirects = (...names) => names.map((name) => `http://127.0.0.1/v1/login/${name}/callback`);
const signingIn = (client_id, changes) => ({
    client_id,
    client_secret: secret,
    application_type: 'native',
    redirect_uris: redirects('local', 'other', 'thin'),
    grant_types: ['authorization_code', 'refresh_token'],
    ...changes,
});
const machine = (client_id) => ({
    client_id,
    client_secret: secret,
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
});
const clients = [
    signingIn('cinelog'),
    signingIn('cinelog-post', { token_endpoint_auth_method: 'client_secret_post' }),
    signingIn('cinelog-ec', { id_token_signed_response_alg: 'ES256' }),
    signingIn('cinelog-ed', { id_token_signed_response_alg: 'EdDSA' }),
    // Its tokens are good, but not for Cinelog.
    signingIn('another'),
    machine('machine-editor'),
    machine('machine-nobody'),
];
const rolesOfMachines = { 'machine-editor': ['film-editors'], 'machine-nobody': ['strangers'] };

function newKeys() {
    const kinds = [
        ['rsa', { modulusLength: 2048 }, 'RS256'],
        ['ec', { namedCurve: 'P-256' }, 'ES256'],
        ['ed25519', {}, 'EdDSA'],
    ];
    return kinds.map(([kind, options, alg]) => ({
        ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }),
        kid: randomBytes(8).toString('hex'),
        use: 'sig',
        alg,
    }));
}

function rolesOf(token) {
    return rolesOfMachines[token.clientId] ?? users[token.accountId]?.roles ?? [];
}

function configuration(isThin) {
    return {
        clients,
        jwks: { keys: newKeys() },
        cookies: { keys: [randomBytes(32).toString('hex')] },
        pkce: { required: () => true },
        scopes: ['openid', 'profile', 'email', 'offline_access'],
        claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
        conformIdTokenClaims: isThin,
        enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA'] },
        findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...users[sub], roles: undefined }) }),
        extraTokenClaims: (_, token) => ({ groups: rolesOf(token), realm_access: { roles: rolesOf(token) } }),
        features: {
            clientCredentials: { enabled: true },
            devInteractions: { enabled: true },
            resourceIndicators: {
                enabled: true,
                useGrantedResource: () => true,
                getResourceServerInfo: (_, indicator) => ({
                    scope: 'ratings catalogue:write',
                    audience: indicator,
                    accessTokenFormat: 'jwt',
                    accessTokenTTL: 600,
                    jwt: { sign: { alg: 'RS256' } },
                }),
                defaultResource: (_, client) => (client.clientId.startsWith('machine-') ? resource : undefined),
            },
        },
        ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Session: 3600, Grant: 3600 },
    };
}

// By issuer; those that were asked for least lately go first.
const providers = new Map();

function provider(issuer, isThin) {
    const found = providers.get(issuer) ?? new Provider(issuer, configuration(isThin));
    providers.delete(issuer);
    providers.set(issuer, found);
    if (providers.size > providersMax) providers.delete(providers.keys().next().value);
    return found;
}

function answer(request, response) {
    const host = `http://${request.headers.host}`;
    // Only for those of a proxy: new keys, and nobody is signed in any more.
    if (request.method === 'POST' && request.url === '/new-keys') {
        const isOwn = request.headers.host !== `127.0.0.1:${port}` && request.headers['x-password'] === secret;
        if (isOwn) [host, host + thin].forEach((issuer) => providers.delete(issuer));
        response.writeHead(isOwn ? 204 : 403).end();
        return;
    }
    const isThin = request.url.startsWith(`${thin}/`);
    if (isThin) {
        request.originalUrl = request.url;
        request.url = request.url.slice(thin.length);
    }
    provider(isThin ? host + thin : host, isThin).callback()(request, response);
}

createServer(answer).listen(Number(port), address, () => console.log(`listening on ${address}:${port}`));
