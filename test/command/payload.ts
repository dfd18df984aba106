/** DUMP payloads made by hand. */
import { crc64, updateCrc64, writeCrc64 } from '../../src/base/crc64.ts';

/** The value's bytes with the version 10 and the checksum behind them. */
export function withFooter(damagedValue: Buffer): Buffer {
  const value = Buffer.concat([damagedValue, Buffer.from([10, 0])]);
  updateCrc64(0, 0, value, 0, value.length);
  const sum = Buffer.alloc(8);
  writeCrc64(crc64.hi, crc64.lo, sum, 0);
  return Buffer.concat([value, sum]);
}

/** A listpack of these elements: encoding and data of each, as they are. */
export function listpackOf(...elements: Buffer[]): Buffer {
  const parts = elements.map((element) => {
    if (element.length > 127) throw new Error('only short elements');
    return Buffer.concat([element, Buffer.from([element.length])]);
  });
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(6);
  head.writeUInt32LE(body.length + 7, 0);
  head.writeUInt16LE(elements.length, 4);
  return Buffer.concat([head, body, Buffer.from([0xff])]);
}

/** An element of a listpack that is a string, even if it spells a number. */
export const text = (value: string): Buffer => Buffer.from([0x80 | value.length, ...Buffer.from(value)]);
/** The same in the longer form for strings of up to 4095 bytes. */
export const longText = (value: string): Buffer => Buffer.from([0xe0, value.length, ...Buffer.from(value)]);
/** An integer from 0 to 127. */
export const small = (value: number): Buffer => Buffer.from([value]);
/** Any integer of 32 bits, in four bytes. */
export function wide(value: number): Buffer {
  const bytes = Buffer.from([0xf3, 0, 0, 0, 0]);
  bytes.writeInt32LE(value, 1);
  return bytes;
}

/** A payload whose value is one string. */
export function payloadOf(rdbType: number, value: Buffer): Buffer {
  if (value.length >= 64)
    return withFooter(
      Buffer.concat([Buffer.from([rdbType, 0x40 | (value.length >> 8), value.length & 255]), value]),
    );
  return withFooter(Buffer.concat([Buffer.from([rdbType, value.length]), value]));
}
