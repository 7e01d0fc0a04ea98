/** What `npm start` says. */
import type { Stack } from './stack.ts';

export const HELP = `Runs the whole product on this machine.

  npm start [-- options]

  --ephemeral        keep nothing: data live as long as the process
  --aws              the real Bedrock, with your AWS credentials; the rest stays local
  --port <number>    the port; also PORT=<number> (default 8787, 0 for a free one)
  --data-dir <path>  where data, keys and dev.json are (default .local)
  --help             this text

A service whose AWS_ENDPOINT_URL_<SERVICE> is set is used instead of the embedded one.`;

export interface TextOptions {
  readonly ephemeral?: boolean;
  readonly dataDir?: string;
  /** Whether dev.json is about this stack. */
  readonly isPublished: boolean;
}

const MODEL = 'amazon.nova-lite-v1:0';

/** Where everything is, and three calls that work as printed. */
export function readyText(stack: Stack, options: TextOptions): string {
  return [
    `bedrock-proxy is ready on ${stack.baseUrl} (stage ${stack.stage}).`,
    partsText(stack),
    dataText(stack, options),
    `curl:\n\n${curlCommand(stack)}`,
    `Node, with the OpenAI SDK:\n\n${nodeCommand(stack)}`,
    `Python, after pip install openai:\n\n${pythonCommand(stack)}`,
    `Administration: OPENAI_ADMIN_KEY=${stack.adminKey}\nStop with Ctrl-C.`,
  ].join('\n\n');
}

function partsText({ endpoints }: Stack): string {
  return [
    `  DynamoDB         ${endpoints.dynamodb ?? 'in memory'}`,
    `  Bedrock          ${endpoints.bedrock ?? 'the real one, on your AWS account'}`,
    `  Secrets Manager  ${endpoints.secretsManager}`,
    `  Parameter Store  ${endpoints.ssm}`,
    `  EventBridge      ${endpoints.eventBridge}`,
  ].join('\n');
}

function dataText({ endpoints }: Stack, options: TextOptions): string {
  const folder = options.dataDir ?? '.local';
  const where = options.isPublished
    ? `URLs and keys are in ${folder}/dev.json.`
    : `${folder}/dev.json stays with the stack that is running already.`;
  if (endpoints.dynamodb === null) {
    return `${where} This machine has no DynamoDB to run (dynoxide), so data are kept in memory and will not survive a restart.`;
  }
  if (options.ephemeral === true) return `${where} Nothing is kept after the stop (--ephemeral).`;
  return `${where} Data are kept in ${folder}/data; delete it to start afresh. What was published on the event bus is in ${folder}/events.jsonl.`;
}

const curlCommand = (stack: Stack): string => `curl ${stack.baseUrl}/chat/completions \\
  -H "Authorization: Bearer ${stack.apiKey}" \\
  -H "Content-Type: application/json" \\
  -d '{"model": "${MODEL}", "messages": [{"role": "user", "content": "Hello!"}]}'`;

const environmentOf = (stack: Stack): string =>
  `OPENAI_BASE_URL=${stack.baseUrl} OPENAI_API_KEY=${stack.apiKey}`;

const nodeCommand = (stack: Stack): string => `${environmentOf(stack)} node --input-type=module -e '
import OpenAI from "openai";
const stream = await new OpenAI().chat.completions.create({
  model: "${MODEL}", stream: true, messages: [{ role: "user", content: "Hello!" }],
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
'`;

const pythonCommand = (stack: Stack): string => `${environmentOf(stack)} python3 -c '
from openai import OpenAI
answer = OpenAI().chat.completions.create(
    model="${MODEL}", messages=[{"role": "user", "content": "Hello!"}])
print(answer.choices[0].message.content)
'`;
