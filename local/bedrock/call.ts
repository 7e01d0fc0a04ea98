/** What the operations of the emulator share: the state they work with, one call, and a plain answer to it. */
import type { EmulatorClock } from './clock.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Padding } from './dialect.ts';
import type { Exchange } from './exchange.ts';
import type { GenerationLog } from './generation.ts';
import { type EmulatedModel, findModel } from './models.ts';
import type { PromptCache } from './prompt-cache.ts';
import { ServiceError } from './service-error.ts';

/** What the operations work with. */
export interface Service extends ControlPlane {
  readonly generations: GenerationLog;
  readonly cache: PromptCache;
  readonly clock: EmulatorClock;
  readonly padding: Padding;
  readonly tokenDelayMs: number;
}

export interface Call {
  readonly exchange: Exchange;
  readonly requestId: string;
  readonly bytes: Buffer;
  /** Unix milliseconds. */
  readonly receivedAtMs: number;
}

/** The model of an id or ARN, also of an application's profile. */
export const modelOf = ({ models, profiles }: ControlPlane, idOrArn: string): EmulatedModel =>
  findModel(models, profiles.target(idOrArn));

export function answerJson(
  call: Call,
  body: object,
  of: { readonly status?: number; readonly headers?: Readonly<Record<string, number>> } = {},
): void {
  const common = { 'content-type': 'application/json', 'x-amzn-requestid': call.requestId };
  call.exchange.answer(of.status ?? 200, { ...common, ...of.headers }, JSON.stringify(body));
}

export function unknownOperation(): never {
  throw new ServiceError('UnknownOperationException', 'The Bedrock emulator has no such operation.');
}
