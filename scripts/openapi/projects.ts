import { createBody, updateBody } from '../../functions/key-issuer/projects.ts';
import { projectLimitDescriptions, projectLimits } from './key-fields.ts';
import { ARCHIVED, cursorQuery, NOT_FOUND, type Resource } from './operation.ts';
import { bodyOf } from './request-body.ts';
import { boolean, object, objectName, oneOf, orNull, page, text, time } from './schema.ts';

const PROJECTS = '/v1/organization/projects';
const PROJECT = `${PROJECTS}/{project_id}`;
const TAKEN =
  'The name is another project’s, or an archived one’s, upper and lower case alike: `conflict`, param `name`.';

const SHOW_COST =
  'Our addition: whether answers to its keys say what they cost, also where a request does not ask.';

const descriptions = {
  name: 'Its name, unique in the organisation; blanks around it are dropped.',
  ...projectLimitDescriptions,
  show_cost: `${SHOW_COST} Null: false.`,
  external_key_id: 'OpenAI’s; any value is refused, since the deployment has one key for all.',
  geography: 'OpenAI’s; any value is refused, since data stay in the region of the deployment.',
  residency: 'OpenAI’s; any value is refused, since data stay in the region of the deployment.',
};

export const projects: Resource = {
  schemas: {
    Project: object('A tenant: the unit of isolation, budget and bill.', {
      id: text('`proj_…`.'),
      object: objectName('organization.project'),
      name: text('Its name, unique in the organisation.'),
      created_at: time('When it was made'),
      archived_at: orNull(time('When it was archived')),
      status: oneOf(['active', 'archived'], 'The keys of an archived project open nothing.'),
      show_cost: boolean(SHOW_COST),
      limits: projectLimits,
    }),
    ProjectList: page('Project'),
    CreateProject: bodyOf(createBody, descriptions),
    UpdateProject: bodyOf(updateBody, descriptions),
  },
  operations: {
    [`GET ${PROJECTS}`]: {
      id: 'listProjects',
      tag: 'Projects',
      summary: 'List projects, oldest first',
      query: {
        ...cursorQuery,
        include_archived: {
          schema: {
            type: 'string',
            enum: ['false', 'true'],
            default: 'false',
            description: 'Whether archived projects are listed too.',
          },
        },
      },
      answer: 'ProjectList',
      refusals: { 400: 'A query parameter that is unknown or has a wrong value.' },
    },
    [`POST ${PROJECTS}`]: {
      id: 'createProject',
      tag: 'Projects',
      summary: 'Create a project',
      body: { schema: { $ref: '#/components/schemas/CreateProject' }, required: 'required' },
      answer: 'Project',
      refusals: { 409: TAKEN },
      repeats: 'recognised',
    },
    [`GET ${PROJECT}`]: {
      id: 'retrieveProject',
      tag: 'Projects',
      summary: 'Show a project, also one that is archived',
      answer: 'Project',
      refusals: { 404: NOT_FOUND },
    },
    [`POST ${PROJECT}`]: {
      id: 'updateProject',
      tag: 'Projects',
      summary: 'Change a project: its name, its limits, whether answers tell their cost',
      description:
        'New limits act on the next request of every key, and need `limits:write` beside the scope of the route.',
      body: { schema: { $ref: '#/components/schemas/UpdateProject' }, required: 'required' },
      answer: 'Project',
      refusals: { 404: NOT_FOUND, 409: `${TAKEN} ${ARCHIVED}` },
    },
    [`POST ${PROJECT}/archive`]: {
      id: 'archiveProject',
      tag: 'Projects',
      summary: 'Archive a project',
      description:
        'All its keys stop at once. It cannot be undone; it may be repeated. The name stays taken.',
      answer: 'Project',
      refusals: { 404: NOT_FOUND },
    },
  },
};
