import {
  type BedrockRuntimeClient,
  type ContentBlock,
  ConverseCommand,
  type ImageFormat,
} from '@aws-sdk/client-bedrock-runtime';
import { type BedrockEmulator, startBedrockEmulator } from '../../../local/bedrock/emulator.ts';
import { CLAUDE, factsOf, GPT_OSS, RUNTIME_CLIENTS } from './clients.ts';

const NOVA_2 = 'us.amazon.nova-2-lite-v1:0';
/** A model that sees images, but is of none of the families that see them in tool results. */
const SEES_IMAGES = 'acme.sees-v1:0';
const VOXTRAL = 'mistral.voxtral-mini-3b-2507';

const MAGIC: Readonly<Record<ImageFormat, string>> = {
  png: '89504e470d0a1a0a',
  jpeg: 'ffd8ffe0',
  gif: '474946383961',
  webp: '524946460000000057454250',
};
const bytesOf = (format: ImageFormat): Uint8Array => Uint8Array.from(Buffer.from(MAGIC[format], 'hex'));
const image = (format: ImageFormat, bytes = bytesOf(format)): ContentBlock => ({
  image: { format, source: { bytes } },
});
const document = (name: string, bytes = Buffer.from('%PDF-1.7')): ContentBlock => ({
  document: { format: 'pdf', name, source: { bytes } },
});
const TEXT = { text: 'What is this?' };

/** The head of a PNG of this width, which is all that is looked at. */
function wide(width: number): Uint8Array {
  const head = Buffer.alloc(24);
  Buffer.from(MAGIC.png, 'hex').copy(head);
  head.writeUInt32BE(width, 16);
  head.writeUInt32BE(1, 20);
  return Uint8Array.from(head);
}

describe('files for the Bedrock emulator', () => {
  let emulator: BedrockEmulator;
  let client: BedrockRuntimeClient;

  beforeAll(async () => {
    const models = [
      {
        id: SEES_IMAGES,
        provider: 'acme',
        mode: 'chat' as const,
        inputTokensMax: 9999,
        outputTokensMax: 100,
      },
    ];
    emulator = await startBedrockEmulator({ tokenDelayMs: 0, models });
    client = RUNTIME_CLIENTS['HTTP/1.1'](emulator.url);
  });
  afterAll(async () => {
    client.destroy();
    await emulator.close();
  });

  const failureOf = (content: readonly ContentBlock[], modelId = CLAUDE) =>
    client.send(new ConverseCommand({ modelId, messages: [{ role: 'user', content: [...content] }] })).then(
      () => undefined,
      (error: unknown) => factsOf(error).message,
    );

  it.each(['png', 'jpeg', 'gif', 'webp'] as const)('may be a %s image', async (format) => {
    expect(await failureOf([TEXT, image(format)])).toBeUndefined();
  });

  it.each<[name: string, content: readonly ContentBlock[], modelId: string]>([
    ['a document', [TEXT, document('pears')], CLAUDE],
    [
      'a document given as text',
      [TEXT, { document: { format: 'txt', name: 'pears', source: { text: 'Pears.' } } }],
      CLAUDE,
    ],
    ['a film', [TEXT, { video: { format: 'mp4', source: { bytes: Buffer.from('film') } } }], NOVA_2],
    [
      'a film in S3',
      [TEXT, { video: { format: 'mp4', source: { s3Location: { uri: 's3://bucket/film.mp4' } } } }],
      NOVA_2,
    ],
    ['a sound', [TEXT, { audio: { format: 'wav', source: { bytes: Buffer.from('sound') } } }], VOXTRAL],
  ])('may be %s', async (_name, content, modelId) => {
    expect(await failureOf(content, modelId)).toBeUndefined();
  });

  it.each<[name: string, content: readonly ContentBlock[], message: RegExp, modelId?: string]>([
    [
      'an image that is called what it is not',
      [TEXT, image('png', bytesOf('jpeg'))],
      /Image does not match the provided media type image\/png$/,
    ],
    ['an image that is none', [TEXT, image('png', Buffer.from('pears'))], /Could not process image$/],
    ['an image that is too wide', [TEXT, image('png', wide(8001))], /exceed max allowed size: 8000 pixels$/],
    [
      'an empty image',
      [TEXT, image('png', Buffer.alloc(0))],
      /image\.source\.bytes' failed to satisfy constraint: Member must have length greater than or equal to 1$/,
    ],
    [
      '21 images',
      [TEXT, ...Array.from({ length: 21 }, () => image('png'))],
      /^too many images and documents: 21 \+ 0 > 20$/,
    ],
    [
      'an image where the model sees none',
      [TEXT, image('png')],
      /^This model doesn't support the image field for user messages\. Remove image and try again\.$/,
      GPT_OSS,
    ],
    [
      'a document where the model reads none',
      [TEXT, document('pears')],
      /^This model doesn't support documents\.$/,
      GPT_OSS,
    ],
    [
      'a film where the model sees none',
      [TEXT, { video: { format: 'mp4', source: { bytes: Buffer.from('x') } } }],
      /^This model doesn't support the video field for user messages\./,
    ],
    [
      'six documents',
      [TEXT, ...Array.from({ length: 6 }, (_, index) => document(`pears ${index}`))],
      /^The number of documents exceeds the maximum of 5/,
    ],
    [
      'a document without text',
      [document('pears')],
      /^The content field at messages\.0 has a document but no text\./,
    ],
    [
      'two documents of one name',
      [TEXT, document('pears'), document('pears')],
      /^The document names in a request must be unique\.$/,
    ],
    [
      'a document with a dot in its name',
      [TEXT, document('pears.pdf')],
      /^The document file name can only contain alphanumeric characters/,
    ],
    [
      'a document with two spaces in its name',
      [TEXT, document('two  spaces')],
      /^The document file name can only contain alphanumeric characters/,
    ],
    [
      'a PDF that is none',
      [TEXT, document('pears', Buffer.from('pears'))],
      /The PDF specified was not valid\.$/,
    ],
  ])('are refused: %s', async (_name, content, message, modelId = CLAUDE) => {
    expect(await failureOf(content, modelId)).toMatch(message);
  });

  it('are refused where an image is too large', async () => {
    const large = Buffer.concat([bytesOf('png'), Buffer.alloc(3_932_160)]);
    expect(await failureOf([TEXT, image('png', large)])).toBe(
      'The image exceeds the maximum size of 3932160 bytes.',
    );
  });

  it('are seen inside tool results by some families only', async () => {
    const converse = (modelId: string) =>
      client
        .send(
          new ConverseCommand({
            modelId,
            toolConfig: {
              tools: [{ toolSpec: { name: 'look', inputSchema: { json: { type: 'object' } } } }],
            },
            messages: [
              { role: 'user', content: [TEXT] },
              { role: 'assistant', content: [{ toolUse: { toolUseId: 't1', name: 'look', input: {} } }] },
              {
                role: 'user',
                content: [
                  {
                    toolResult: {
                      toolUseId: 't1',
                      content: [{ image: { format: 'png', source: { bytes: bytesOf('png') } } }],
                    },
                  },
                ],
              },
            ],
          }),
        )
        .then(
          () => undefined,
          (error: unknown) => factsOf(error).message,
        );
    expect([await converse(CLAUDE), await converse(SEES_IMAGES)]).toEqual([
      undefined,
      "This model doesn't support the image field for user messages. Remove image and try again.",
    ]);
  });

  it('are refused in what the assistant says', async () => {
    const messages = [
      { role: 'user' as const, content: [TEXT] },
      { role: 'assistant' as const, content: [image('png')] },
      { role: 'user' as const, content: [TEXT] },
    ];
    await expect(client.send(new ConverseCommand({ modelId: CLAUDE, messages }))).rejects.toThrow(
      "This model doesn't support the image field for assistant messages. Remove image and try again.",
    );
  });
});
