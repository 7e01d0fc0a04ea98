import type { Resource } from './operation.ts';
import { always, object } from './schema.ts';

export const service: Resource = {
  schemas: {
    Health: object('API Gateway and Lambda answer.', { status: always('ok', 'Always `ok`.') }),
    ApiDescription: {
      type: 'object',
      description: 'An OpenAPI 3.1 document.',
      properties: {
        openapi: { type: 'string', pattern: '^3\\.1\\.', description: 'The version of OpenAPI.' },
        info: { type: 'object', description: 'What it describes.' },
        paths: { type: 'object', description: 'Its routes.' },
      },
      required: ['openapi', 'info', 'paths'],
    },
  },
  operations: {
    'GET /health': {
      id: 'health',
      tag: 'Service',
      summary: 'Say that the service answers',
      answer: 'Health',
    },
    'GET /openapi.json': {
      id: 'description',
      tag: 'Service',
      summary: 'Show this description',
      answer: 'ApiDescription',
    },
  },
};
