// The layouts of docs/protocol.md §5 and §6 that lie in and around the ratchet's messages, written from the text.
import { randomBytes } from 'node:crypto';

// Padmé, at least 256 bytes.
export function padmeSize(length) {
  if (length <= 256) return 256;
  const exponent = Math.floor(Math.log2(length));
  const step = 2 ** (exponent - (Math.floor(Math.log2(exponent)) + 1));
  return Math.ceil(length / step) * step;
}

// 16 random bytes ‖ u32 length ‖ content ‖ zeros
export function pad(content) {
  const padded = Buffer.alloc(padmeSize(20 + content.length));
  randomBytes(16).copy(padded);
  padded.writeUInt32LE(content.length, 16);
  content.copy(padded, 20);
  return padded;
}

export function unpad(padded) {
  const length = padded.readUInt32LE(16);
  if (padded.length !== padmeSize(20 + length)) throw new Error(`${padded.length} bytes for a content of ${length}`);
  if (padded.subarray(20 + length).some((byte) => byte !== 0)) throw new Error('padded with something else than zeros');
  return padded.subarray(20, 20 + length);
}

function varint(bytes, at) {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return [value, at];
  }
}

// The fields of a protocol buffer: [{number, value, from, to}], `value` a number or the bytes.
export function fields(bytes) {
  const found = [];
  for (let at = 0; at < bytes.length; ) {
    const from = at;
    let tag, value;
    [tag, at] = varint(bytes, at);
    [value, at] = varint(bytes, at);
    if (tag % 8 === 2) {
      value = bytes.subarray(at, at + value);
      at += value.length;
    } else if (tag % 8 !== 0) {
      throw new Error(`a protocol buffer with wire type ${tag % 8}`);
    }
    found.push({ number: Math.floor(tag / 8), value, from, to: at });
  }
  return found;
}

function varintBytes(value) {
  const bytes = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
  return Buffer.from([...bytes, value]);
}

// The protocol buffer with fields 1, 2, … of these values: numbers or bytes.
export function protocolBuffer(values) {
  const parts = values.flatMap((value, index) =>
    typeof value === 'number'
      ? [varintBytes((index + 1) * 8), varintBytes(value)]
      : [varintBytes((index + 1) * 8 + 2), varintBytes(value.length), value],
  );
  return Buffer.concat(parts);
}

export function valuesOf(bytes) {
  return Object.fromEntries(fields(bytes).map(({ number, value }) => [number, value]));
}

// Version byte ‖ ratchet key, counter, previous counter, body ‖ 8 bytes of a MAC. The version byte has the message's
// version in its high half and the newest that the sender knows in its low one.
function parseMessage(bytes) {
  if (bytes[0] >> 4 !== 3) throw new Error(`a message of version ${bytes[0] >> 4}`);
  const values = valuesOf(bytes.subarray(1, -8));
  if (Object.keys(values).join() !== '1,2,3,4') throw new Error(`a message with fields ${Object.keys(values)}`);
  return { ratchetKey: values[1].toString('hex'), counter: values[2], previousCounter: values[3] };
}

// Version byte ‖ [one-time key's id,] base key, identity key, message, registration id, signed pre-key's id.
function parsePreKeyMessage(bytes) {
  if (bytes[0] >> 4 !== 3) throw new Error(`a pre-key message of version ${bytes[0] >> 4}`);
  const values = valuesOf(bytes.subarray(1));
  const numbers = Object.keys(values).join();
  if (numbers !== '2,3,4,5,6' && numbers !== '1,2,3,4,5,6') throw new Error(`a pre-key message with fields ${numbers}`);
  return { ...parseMessage(values[4]), oneTimeId: values[1], registrationId: values[5], signedPreKeyId: values[6] };
}

export function parse(kind, bytes) {
  return kind === 'preKey' ? parsePreKeyMessage(bytes) : parseMessage(bytes);
}
