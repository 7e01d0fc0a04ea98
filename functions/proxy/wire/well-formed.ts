/** What JSON can say and no field may: half a surrogate pair, and keys that write prototypes. */
import { type JsonObject, within } from './json-value.ts';
import { refuseValue } from './refusal.ts';

/**
 * Refuses a value with a lone surrogate in any text (it has no UTF-8, so sending it on would change it) or with a
 * `__proto__` key. The caller has bounded the depth.
 */
export function assertWellFormed(value: unknown, param: string): void {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) refuseValue(param, 'the text has a surrogate without its other half.');
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => {
      if (typeof item === 'string' || typeof item === 'object') assertWellFormed(item, within(param, index));
    });
  } else if (typeof value === 'object' && value !== null) {
    assertObjectWellFormed(value as JsonObject, param);
  }
}

function assertObjectWellFormed(value: JsonObject, param: string): void {
  for (const [key, item] of Object.entries(value)) {
    if (key === '__proto__') refuseValue(within(param, key), 'this key is not allowed.');
    if (!key.isWellFormed()) refuseValue(param === '' ? 'body' : param, 'a key has half a surrogate pair.');
    if (typeof item === 'string' || typeof item === 'object') assertWellFormed(item, within(param, key));
  }
}
