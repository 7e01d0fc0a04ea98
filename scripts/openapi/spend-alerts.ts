import { alertBody } from '../../functions/key-issuer/spend-alerts.ts';
import { ARCHIVED, beforeQuery, cursorQuery, NOT_FOUND, orderQuery, type Resource } from './operation.ts';
import { bodyOf } from './request-body.ts';
import { always, deletion, integer, listOf, object, objectName, orNull, page, ref, text } from './schema.ts';

const ALERTS = '/v1/organization/projects/{project_id}/spend_alerts';
const ALERT = `${ALERTS}/{alert_id}`;

const WORDS = {
  currency: 'Always `USD`.',
  interval: 'Always `month`: the UTC calendar month.',
  threshold_amount: 'The spend, in cents, at which it tells: once a month.',
  notification_channel: 'Who is told. The addresses travel in the event; no mail is sent from here.',
};
const CHANNEL = {
  type: 'Always `email`.',
  recipients: 'Addresses, each once, ten at most.',
  subject_prefix: 'What a mail’s subject is to begin with.',
};

export const spendAlerts: Resource = {
  schemas: {
    SpendAlert: object('Tells when a project has spent so much this month.', {
      id: text('`alert_…`.'),
      object: objectName('project.spend_alert'),
      currency: always('USD', WORDS.currency),
      interval: always('month', WORDS.interval),
      threshold_amount: integer(WORDS.threshold_amount),
      notification_channel: object(WORDS.notification_channel, {
        type: always('email', CHANNEL.type),
        recipients: listOf(text('An address.'), CHANNEL.recipients),
        subject_prefix: orNull(text(CHANNEL.subject_prefix)),
      }),
    }),
    SpendAlertList: page('SpendAlert'),
    SpendAlertDeleted: deletion('project.spend_alert.deleted', 'The alert'),
    WriteSpendAlert: bodyOf(alertBody, {
      ...WORDS,
      'notification_channel.type': CHANNEL.type,
      'notification_channel.recipients': CHANNEL.recipients,
      'notification_channel.subject_prefix': CHANNEL.subject_prefix,
    }),
  },
  operations: {
    [`GET ${ALERTS}`]: {
      id: 'listSpendAlerts',
      tag: 'Limits',
      summary: 'List the spend alerts of a project',
      query: { ...cursorQuery, ...beforeQuery, ...orderQuery },
      answer: 'SpendAlertList',
      refusals: { 400: 'A query parameter or cursor that is not of this list.', 404: NOT_FOUND },
    },
    [`POST ${ALERTS}`]: {
      id: 'createSpendAlert',
      tag: 'Limits',
      summary: 'Create a spend alert',
      body: { schema: ref('WriteSpendAlert'), required: 'required' },
      answer: 'SpendAlert',
      refusals: {
        404: NOT_FOUND,
        409: `The project has ten already, or one of this threshold, recipients and prefix, which the message names: \`conflict\`. ${ARCHIVED}`,
      },
      repeats: 'recognised',
    },
    [`GET ${ALERT}`]: {
      id: 'retrieveSpendAlert',
      tag: 'Limits',
      summary: 'Show a spend alert',
      answer: 'SpendAlert',
      refusals: { 404: NOT_FOUND },
    },
    [`POST ${ALERT}`]: {
      id: 'updateSpendAlert',
      tag: 'Limits',
      summary: 'Replace a spend alert',
      body: { schema: ref('WriteSpendAlert'), required: 'required' },
      answer: 'SpendAlert',
      refusals: { 404: NOT_FOUND, 409: ARCHIVED },
    },
    [`DELETE ${ALERT}`]: {
      id: 'deleteSpendAlert',
      tag: 'Limits',
      summary: 'Delete a spend alert',
      answer: 'SpendAlertDeleted',
      refusals: { 404: `${NOT_FOUND} A repeat too.`, 409: ARCHIVED },
    },
  },
};
