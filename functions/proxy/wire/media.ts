/** Images, sounds and films of a request. Every endpoint's spelling of them ends in base64, which is read here. */
import type { AudioBlock, ImageBlock, VideoBlock } from '../../../shared/domain/conversation.ts';
import { headOf, readBase64 } from './base64.ts';
import { audioFormatOf, HEAD_CHARACTERS, imageFormatOf, videoFormatOf } from './media-format.ts';
import type { Reading } from './reading.ts';
import { refuseValue } from './refusal.ts';

/** 3.75 MB (Bedrock user guide, "Carry out a conversation with the Converse API"). */
const IMAGE_BYTES_MAX = 3_932_160;
/** What Converse takes inline; a request of ours ends at 6 MiB before. */
const STREAM_BYTES_MAX = 25_000_000;

/** An image: PNG, JPEG, GIF or WebP by its bytes, whatever it is called. */
export function imageFrom(
  base64: string,
  of: { readonly param: string; readonly reading: Reading },
): ImageBlock {
  const { param, reading } = of;
  reading.countImage(param);
  const bytes = readBase64(base64, { param, bytesMax: IMAGE_BYTES_MAX });
  const format = imageFormatOf(headOf(base64, HEAD_CHARACTERS));
  if (format === undefined)
    return refuseValue(param, 'the bytes are not those of a PNG, JPEG, GIF or WebP image.');
  return { type: 'image', format, ...bytes };
}

/** A recording: WAV or MP3 by its bytes. */
export function audioFrom(base64: string, param: string): AudioBlock {
  const bytes = readBase64(base64, { param, bytesMax: STREAM_BYTES_MAX });
  const format = audioFormatOf(headOf(base64, HEAD_CHARACTERS));
  if (format === undefined) return refuseValue(param, 'the bytes are not those of a WAV or MP3 recording.');
  return { type: 'audio', format, ...bytes };
}

/** A film, in a container that Bedrock takes. */
export function videoFrom(base64: string, param: string): VideoBlock {
  const bytes = readBase64(base64, { param, bytesMax: STREAM_BYTES_MAX });
  const format = videoFormatOf(headOf(base64, HEAD_CHARACTERS));
  if (format === undefined) {
    return refuseValue(
      param,
      'the bytes are not those of an MP4, MOV, 3GP, MKV, WebM, FLV, MPEG or WMV film.',
    );
  }
  return { type: 'video', format, ...bytes };
}
