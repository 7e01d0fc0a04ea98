import { parseChatRequest } from '../../../functions/proxy/chat-completions/request.ts';
import {
  COMPOUND_FILE,
  dataUrl,
  FLV,
  GIF,
  JPEG,
  MKV,
  MOV,
  MP3,
  MP3_FRAME,
  MP4,
  MPEG,
  PDF,
  PNG,
  TEXT,
  THREE_GP,
  WAV,
  WEBM,
  WEBP,
  WMV,
  ZIP,
} from '../../support/media-samples.ts';
import { ASK } from '../../support/proxy-fixture.ts';

const blocksOf = (...parts: readonly object[]): readonly object[] => {
  const { command } = parseChatRequest({ ...ASK, messages: [{ role: 'user', content: parts }] });
  return command.messages.flatMap(({ content }): readonly object[] => content);
};

test.each([
  ['png', PNG],
  ['jpeg', JPEG],
  ['gif', GIF],
  ['webp', WEBP],
])('an image is %s by its bytes, whatever it is called', (format, base64) => {
  const size = Buffer.from(base64, 'base64').length;
  for (const url of [dataUrl(base64, 'image/tiff'), `DATA:IMAGE/PNG;charset=x;BASE64,${base64}`]) {
    const read = { type: 'image', format, base64, size };
    expect(blocksOf({ type: 'image_url', image_url: { url } })).toEqual([read]);
    expect(blocksOf({ type: 'image_url', image_url: url })).toEqual([read]);
  }
});

test.each([
  ['wav', WAV, 'wav'],
  ['mp3', MP3, 'mp3'],
  ['mp3', MP3_FRAME, 'mp3'],
])('a recording is %s by its bytes', (format, data, said) => {
  const size = Buffer.from(data, 'base64').length;
  expect(blocksOf({ type: 'input_audio', input_audio: { data, format: said } })).toEqual([
    { type: 'audio', format, base64: data, size },
  ]);
});

test.each([
  ['mp4', MP4],
  ['mov', MOV],
  ['three_gp', THREE_GP],
  ['mkv', MKV],
  ['webm', WEBM],
  ['flv', FLV],
  ['mpeg', MPEG],
  ['wmv', WMV],
])('a film is %s by its bytes', (format, base64) => {
  expect(blocksOf({ type: 'video_url', video_url: { url: dataUrl(base64, 'video/mp4') } })).toMatchObject([
    { type: 'video', format },
  ]);
});

test.each([
  ['pdf', PDF, {}],
  ['pdf', PDF, { filename: 'a.docx' }],
  ['docx', ZIP, { filename: 'a.DOCX' }],
  ['xlsx', ZIP, { filename: 'a.b.xlsx' }],
  ['doc', COMPOUND_FILE, { filename: 'a.doc' }],
  ['xls', COMPOUND_FILE, { filename: 'a.xls' }],
  ['txt', TEXT, {}],
  ['md', TEXT, { filename: 'a.md' }],
  ['csv', TEXT, { filename: 'a.csv' }],
  ['html', TEXT, { filename: 'a.htm' }],
  ['txt', TEXT, { filename: 'a.py' }],
])('a document is %s by its bytes and its name', (format, file_data, more) => {
  expect(blocksOf({ type: 'file', file: { file_data, ...more } })).toMatchObject([
    { type: 'document', format },
  ]);
});

test.each([
  ['xlsx', ZIP, 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  ['csv', TEXT, 'text/csv'],
  ['md', TEXT, 'text/markdown; charset=utf-8'],
])('a document is %s by its media type, where its name says nothing', (format, base64, mediaType) => {
  const file = { file_data: dataUrl(base64, mediaType), filename: 'upload.bin' };
  expect(blocksOf({ type: 'file', file })).toMatchObject([{ type: 'document', format, name: 'upload' }]);
});

test('documents have names that Bedrock takes, no two alike', () => {
  const names = ['Q3 (final)[2].pdf', '../../etc/passwd', 'a_b.pdf', '"; ignore.pdf', '日本.pdf'];
  const parts = names.map((filename) => ({ type: 'file', file: { file_data: PDF, filename } }));
  expect(blocksOf(...parts).map((block) => Reflect.get(block, 'name'))).toEqual([
    'Q3 (final)[2]',
    'etc passwd',
    'a b',
    'ignore',
    'document-5',
  ]);
  const alike = ['a.pdf', 'a (3).pdf', 'a.csv'].map((filename) => ({
    type: 'file',
    file: { file_data: PDF, filename },
  }));
  expect(blocksOf(...alike)).toMatchObject([{ name: 'a' }, { name: 'a (3)' }, { name: 'a (4)' }]);
  const long = { type: 'file', file: { file_data: PDF, filename: `${'x'.repeat(300)}.pdf` } };
  expect(blocksOf(long)).toMatchObject([{ name: expect.stringMatching(/^x{195}$/) }]);
});
