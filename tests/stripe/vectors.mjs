// Prints webhook signatures, and the official Node client's verdict on each, as JSON lines.
//
//   node vectors.mjs

import Stripe from "stripe";

const NOW = 1_795_000_000;
const TOLERANCE_SECS = 300;
const SECRET = "whsec_vectors";
const OTHER_SECRET = "whsec_another";
const BODY = '{\n  "id": "evt_1",\n  "object": "event",\n  "type": "payment_intent.succeeded"\n}';
const UNICODE_BODY = '{"id":"evt_2","object":"event","description":"Дякуємо — 5 €"}';

const { webhooks } = new Stripe("sk_test_vectors");

function header({ body = BODY, secret = SECRET, time = NOW, scheme = "v1" } = {}) {
  return webhooks.generateTestHeaderString({ payload: body, secret, timestamp: time, scheme });
}

const signature = (options) => header(options).split("=").at(-1);

const right = signature();
const wrong = signature({ secret: OTHER_SECRET });

const cases = [
  ["valid", BODY, header()],
  ["valid, not only ASCII in the body", UNICODE_BODY, header({ body: UNICODE_BODY })],
  ["valid, exactly as old as is tolerated", BODY, header({ time: NOW - TOLERANCE_SECS })],
  ["too old by a second", BODY, header({ time: NOW - TOLERANCE_SECS - 1 })],
  ["signed with another secret", BODY, header({ secret: OTHER_SECRET })],
  ["the body was changed", BODY.replace("evt_1", "evt_9"), header()],
  ["the body was parsed and written again", JSON.stringify(JSON.parse(BODY)), header()],
  ["the timestamp was changed", BODY, `t=${NOW - 1},v1=${right}`],
  ["no v1", BODY, `t=${NOW}`],
  ["v0 only", BODY, header({ scheme: "v0" })],
  ["v0 beside v1", BODY, `t=${NOW},v1=${right},v0=${wrong}`],
  ["an unknown part beside v1", BODY, `t=${NOW},v2=x,v1=${right}`],
  ["two v1, the first is right", BODY, `t=${NOW},v1=${right},v1=${wrong}`],
  ["two v1, the second is right", BODY, `t=${NOW},v1=${wrong},v1=${right}`],
  ["two v1, none is right", BODY, `t=${NOW},v1=${wrong},v1=${wrong}`],
  ["the timestamp after v1", BODY, `v1=${right},t=${NOW}`],
  ["a trailing comma", BODY, `t=${NOW},v1=${right},`],
  ["whitespace after the comma", BODY, `t=${NOW}, v1=${right}`],
  ["whitespace after the signature", BODY, `t=${NOW},v1=${right} `],
  ["upper-case hex", BODY, `t=${NOW},v1=${right.toUpperCase()}`],
  ["a part of the signature", BODY, `t=${NOW},v1=${right.slice(0, 32)}`],
  ["an empty v1", BODY, `t=${NOW},v1=`],
  ["no timestamp", BODY, `v1=${right}`],
  ["a timestamp that is no number", BODY, `t=now,v1=${right}`],
  ["not a signature at all", BODY, "nonsense"],
  ["empty", BODY, ""],
];

function isValid(body, given) {
  try {
    const at = NOW * 1000;
    return webhooks.signature.verifyHeader(body, given, SECRET, TOLERANCE_SECS, undefined, at);
  } catch {
    // Whatever it throws, it does not take the body. (An empty v1 is an error of another class.)
    return false;
  }
}

const client = `npm stripe ${Stripe.PACKAGE_VERSION}`;
for (const [why, body, given] of cases) {
  const valid = isValid(body, given);
  console.log(JSON.stringify({ why, valid, secret: SECRET, header: given, body, client }));
}
