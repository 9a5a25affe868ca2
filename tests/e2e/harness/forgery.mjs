// Tokens that nobody issued.

import { createHmac, generateKeyPairSync, randomUUID, sign } from "node:crypto";

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const decoded = (part) => JSON.parse(Buffer.from(part, "base64url").toString());

/** What a token says: `{ header, claims }`. */
export function opened(token) {
  const [header, claims] = token.split(".");
  return { header: decoded(header), claims: decoded(claims) };
}

/** Tokens made of a good one as an attacker would, by what is wrong with them. */
export function forgeries(token, publicKey) {
  const { header, claims } = opened(token);
  const [, , signature] = token.split(".");
  const { privateKey: foreign } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const signed = (header, claims, by) => {
    const text = `${encoded(header)}.${encoded(claims)}`;
    return `${text}.${by(text).toString("base64url")}`;
  };
  const byForeigner = (text) => sign("sha256", Buffer.from(text), foreign);
  const byPublicKey = (text) => createHmac("sha256", publicKey).update(text).digest();
  return {
    "alg none": `${encoded({ ...header, alg: "none" })}.${encoded(claims)}.`,
    "HS256 with the public key": signed({ ...header, alg: "HS256" }, claims, byPublicKey),
    "a foreign key under our name": signed(header, claims, byForeigner),
    "a foreign key under its own": signed({ ...header, kid: randomUUID() }, claims, byForeigner),
    "a key that it brings": signed(
      { ...header, jku: "https://evil.example/jwks.json" },
      claims,
      byForeigner,
    ),
    "another role": `${encoded(header)}.${encoded({ ...claims, role: "admin" })}.${signature}`,
    "a longer life": `${encoded(header)}.${encoded({ ...claims, exp: claims.exp + 600 })}.${signature}`,
  };
}
