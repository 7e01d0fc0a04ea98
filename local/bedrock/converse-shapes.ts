/** The shapes of Converse's body, from the service model (service-2.json of bedrock-runtime, botocore 1.43.107). */
import type { Shape } from './shape.ts';

const STRING: Shape = { type: 'string' };
const NON_EMPTY: Shape = { type: 'string', min: 1 };
const BOOLEAN: Shape = { type: 'boolean' };
const DOCUMENT: Shape = { type: 'document' };
const BLOB: Shape = { type: 'blob' };
const EMPTY: Shape = { type: 'structure', members: {} };
const oneOf = (...values: readonly string[]): Shape => ({ type: 'string', oneOf: values });
const list = (of: Shape): Shape => ({ type: 'list', of });

const TOOL_NAME: Shape = { type: 'string', min: 1, max: 64, pattern: /^[a-zA-Z0-9_-]+$/ };
const TOOL_USE_ID: Shape = { type: 'string', min: 1, max: 64, pattern: /^[a-zA-Z0-9_.:-]+$/ };

const S3_LOCATION: Shape = {
  type: 'structure',
  members: {
    uri: {
      type: 'string',
      min: 1,
      max: 1024,
      pattern: /^s3:\/\/[a-z0-9][.\-a-z0-9]{1,61}[a-z0-9](?:\/.*)?$/,
    },
    bucketOwner: { type: 'string', pattern: /^[0-9]{12}$/ },
  },
  required: ['uri'],
};

const source = (name: string, more: Readonly<Record<string, Shape>> = {}): Shape => ({
  type: 'union',
  name,
  members: { bytes: BLOB, s3Location: S3_LOCATION, ...more },
});

const IMAGE: Shape = {
  type: 'structure',
  members: { format: oneOf('png', 'jpeg', 'gif', 'webp'), source: source('ImageSource') },
  required: ['format', 'source'],
};

const VIDEO: Shape = {
  type: 'structure',
  members: {
    format: oneOf('mkv', 'mov', 'mp4', 'webm', 'flv', 'mpeg', 'mpg', 'wmv', 'three_gp'),
    source: source('VideoSource'),
  },
  required: ['format', 'source'],
};

const AUDIO_FORMATS = 'mp3 opus wav aac flac mp4 ogg mkv mka x-aac m4a mpeg mpga pcm webm'.split(' ');
const AUDIO: Shape = {
  type: 'structure',
  members: { format: oneOf(...AUDIO_FORMATS), source: source('AudioSource') },
  required: ['format', 'source'],
};

const CITATIONS: Shape = { type: 'structure', members: { enabled: BOOLEAN }, required: ['enabled'] };
const TEXTS: Shape = list({ type: 'union', name: 'DocumentContentBlock', members: { text: STRING } });

const DOCUMENT_BLOCK: Shape = {
  type: 'structure',
  members: {
    format: oneOf('pdf', 'csv', 'doc', 'docx', 'xls', 'xlsx', 'html', 'txt', 'md'),
    name: { type: 'string', min: 1, max: 200 },
    source: source('DocumentSource', { text: STRING, content: TEXTS }),
    context: STRING,
    citations: CITATIONS,
  },
  required: ['name', 'source'],
};

const SEARCH_RESULT: Shape = {
  type: 'structure',
  members: {
    source: STRING,
    title: STRING,
    content: list({ type: 'structure', members: { text: STRING }, required: ['text'] }),
    citations: CITATIONS,
  },
  required: ['source', 'title', 'content'],
};

export const CACHE_POINT: Shape = {
  type: 'structure',
  members: { type: oneOf('default'), ttl: oneOf('5m', '1h') },
  required: ['type'],
};

const GUARD_CONTENT: Shape = {
  type: 'union',
  name: 'GuardrailConverseContentBlock',
  members: {
    text: {
      type: 'structure',
      members: { text: STRING, qualifiers: list(oneOf('grounding_source', 'query', 'guard_content')) },
      required: ['text'],
    },
    image: {
      type: 'structure',
      members: {
        format: oneOf('png', 'jpeg'),
        source: { type: 'union', name: 'GuardrailConverseImageSource', members: { bytes: BLOB } },
      },
      required: ['format', 'source'],
    },
  },
};

const TOOL_USE: Shape = {
  type: 'structure',
  members: { toolUseId: TOOL_USE_ID, name: TOOL_NAME, input: DOCUMENT, type: oneOf('server_tool_use') },
  required: ['toolUseId', 'name', 'input'],
};

const TOOL_RESULT: Shape = {
  type: 'structure',
  members: {
    toolUseId: TOOL_USE_ID,
    content: list({
      type: 'union',
      name: 'ToolResultContentBlock',
      members: {
        json: DOCUMENT,
        text: STRING,
        image: IMAGE,
        document: DOCUMENT_BLOCK,
        video: VIDEO,
        searchResult: SEARCH_RESULT,
      },
    }),
    status: oneOf('success', 'error'),
    type: STRING,
  },
  required: ['toolUseId', 'content'],
};

const REASONING: Shape = {
  type: 'union',
  name: 'ReasoningContentBlock',
  members: {
    reasoningText: {
      type: 'structure',
      members: { text: STRING, signature: STRING },
      required: ['text'],
    },
    redactedContent: BLOB,
  },
};

const TOOL_REFERENCE: Shape = {
  type: 'structure',
  members: {
    tool: { type: 'structure', members: { type: STRING, name: STRING, serverName: STRING } },
  },
  required: ['tool'],
};

const CONTENT_BLOCK: Shape = {
  type: 'union',
  name: 'ContentBlock',
  members: {
    audio: AUDIO,
    cachePoint: CACHE_POINT,
    citationsContent: { type: 'structure', members: {} },
    document: DOCUMENT_BLOCK,
    guardContent: GUARD_CONTENT,
    image: IMAGE,
    reasoningContent: REASONING,
    searchResult: SEARCH_RESULT,
    text: STRING,
    toolAddition: TOOL_REFERENCE,
    toolRemoval: TOOL_REFERENCE,
    toolResult: TOOL_RESULT,
    toolUse: TOOL_USE,
    video: VIDEO,
  },
};

const SYSTEM_BLOCK: Shape = {
  type: 'union',
  name: 'SystemContentBlock',
  members: { text: NON_EMPTY, guardContent: GUARD_CONTENT, cachePoint: CACHE_POINT },
};

const TOOL: Shape = {
  type: 'union',
  name: 'Tool',
  members: {
    toolSpec: {
      type: 'structure',
      members: {
        name: TOOL_NAME,
        description: NON_EMPTY,
        inputSchema: { type: 'union', name: 'ToolInputSchema', members: { json: DOCUMENT } },
        strict: BOOLEAN,
      },
      required: ['name', 'inputSchema'],
    },
    systemTool: { type: 'structure', members: { name: TOOL_NAME }, required: ['name'] },
    cachePoint: CACHE_POINT,
  },
};

const TOOL_CONFIG: Shape = {
  type: 'structure',
  members: {
    tools: { type: 'list', of: TOOL, min: 1 },
    toolChoice: {
      type: 'union',
      name: 'ToolChoice',
      members: {
        auto: EMPTY,
        any: EMPTY,
        tool: { type: 'structure', members: { name: TOOL_NAME }, required: ['name'] },
      },
    },
  },
  required: ['tools'],
};

export const GUARDRAIL_IDENTIFIER: Shape = {
  type: 'string',
  max: 2048,
  pattern: /^(?:|[a-z0-9]+|arn:aws(?:-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail\/[a-z0-9]+)$/,
};
export const GUARDRAIL_VERSION: Shape = { type: 'string', pattern: /^(?:|[1-9][0-9]{0,7}|DRAFT)$/ };

const OUTPUT_CONFIG: Shape = {
  type: 'structure',
  members: {
    textFormat: {
      type: 'structure',
      members: {
        type: oneOf('json_schema'),
        structure: {
          type: 'union',
          name: 'OutputFormatStructure',
          members: {
            jsonSchema: {
              type: 'structure',
              members: { schema: STRING, name: STRING, description: STRING },
              required: ['schema'],
            },
          },
        },
      },
      required: ['type', 'structure'],
    },
    effort: STRING,
  },
};

/** Members of ConverseRequest and ConverseStreamRequest, `requestMetadata` aside, which is checked for itself. */
export const CONVERSE_BODY: Shape = {
  type: 'structure',
  members: {
    messages: list({
      type: 'structure',
      members: { role: oneOf('user', 'assistant', 'system'), content: list(CONTENT_BLOCK) },
      required: ['role', 'content'],
    }),
    system: list(SYSTEM_BLOCK),
    inferenceConfig: {
      type: 'structure',
      members: {
        maxTokens: { type: 'integer', min: 1 },
        temperature: { type: 'float', min: 0, max: 1 },
        topP: { type: 'float', min: 0, max: 1 },
        stopSequences: { type: 'list', of: NON_EMPTY, max: 2500 },
      },
    },
    toolConfig: TOOL_CONFIG,
    guardrailConfig: {
      type: 'structure',
      members: {
        guardrailIdentifier: GUARDRAIL_IDENTIFIER,
        guardrailVersion: GUARDRAIL_VERSION,
        trace: oneOf('enabled', 'disabled', 'enabled_full'),
        streamProcessingMode: oneOf('sync', 'async'),
      },
    },
    additionalModelRequestFields: { type: 'document' },
    additionalModelResponseFieldPaths: { type: 'list', of: { type: 'string', min: 1, max: 256 }, max: 10 },
    performanceConfig: { type: 'structure', members: { latency: oneOf('standard', 'optimized') } },
    serviceTier: {
      type: 'structure',
      members: { type: oneOf('priority', 'default', 'flex', 'reserved') },
      required: ['type'],
    },
    outputConfig: OUTPUT_CONFIG,
  },
};
