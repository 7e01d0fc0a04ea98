import { updateBody } from '../../functions/key-issuer/model-aliases.ts';
import { ARCHIVED, NOT_FOUND, type Resource } from './operation.ts';
import { bodyOf } from './request-body.ts';
import { object, objectName, ref } from './schema.ts';

const ALIASES = '/v1/organization/projects/{project_id}/model_aliases';
const MAP =
  'By name, the model that it means: a model that `GET /v1/models` lists, or the ARN of an application inference profile of the deployment’s region that leads to one. A name has 1 to 64 letters, digits or `._:/-` characters and is no model’s.';

/** Our addition to OpenAI's resources of a project. */
export const modelAliases: Resource = {
  schemas: {
    ModelAliases: object('Names by which the keys of a project may call models.', {
      object: objectName('project.model_aliases'),
      aliases: { type: 'object', description: MAP, additionalProperties: { type: 'string' } },
    }),
    UpdateModelAliases: bodyOf(updateBody, {
      aliases: `${MAP} At most 50 names, and 4,096 bytes as JSON. An empty object removes all.`,
    }),
  },
  operations: {
    [`GET ${ALIASES}`]: {
      id: 'retrieveModelAliases',
      tag: 'Projects',
      summary: 'Show the model aliases of a project',
      description: 'Our addition. Those of the deployment hold besides and are not shown here.',
      answer: 'ModelAliases',
      refusals: { 404: NOT_FOUND },
    },
    [`POST ${ALIASES}`]: {
      id: 'updateModelAliases',
      tag: 'Projects',
      summary: 'Set the model aliases of a project',
      description:
        'Our addition. It replaces all that there were, and acts on the next request. Where Bedrock cannot say where a profile leads, nothing is set (503).',
      body: { schema: ref('UpdateModelAliases'), required: 'required' },
      answer: 'ModelAliases',
      refusals: { 404: NOT_FOUND, 409: ARCHIVED },
    },
  },
};
