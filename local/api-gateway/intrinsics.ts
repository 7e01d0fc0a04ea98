import { type CompiledTemplate, isRecord, refuseTemplate } from './compiled-template.ts';

/** The account that every resource on a laptop belongs to. */
export const LOCAL_ACCOUNT = '000000000000';
/** The id of the one REST API. */
export const LOCAL_API_ID = 'local00000';

export interface StackIdentity {
  readonly template: CompiledTemplate;
  readonly region: string;
}

/**
 * The text that CloudFormation would put in the place of `value`, with physical ids made up for a laptop: a
 * function's name, the API's id, else the logical id. Throws, naming `place`, on any function but Ref,
 * Fn::GetAtt, Fn::Join and Fn::Sub, and on a reference to what the template does not define.
 */
export function resolveText(stack: StackIdentity, value: unknown, place: string): string {
  if (typeof value === 'string') return value;
  const [entry, ...others] = isRecord(value) ? Object.entries(value) : [];
  if (entry === undefined || others.length > 0) return refuse(value, place);
  const [name, argument] = entry;
  switch (name) {
    case 'Ref':
      return typeof argument === 'string' ? refer(stack, argument, place) : refuse(value, place);
    case 'Fn::GetAtt':
      return getAttribute(stack, argument, place);
    case 'Fn::Join':
      return join(stack, argument, place);
    case 'Fn::Sub':
      return typeof argument === 'string' ? substitute(stack, argument, place) : refuse(value, place);
    default:
      return refuse(value, place);
  }
}

function refer(stack: StackIdentity, name: string, place: string): string {
  if (name.startsWith('AWS::')) return pseudoParameter(stack, name, place);
  const resource = stack.template.Resources[name];
  if (resource === undefined) return refuse({ Ref: name }, place);
  if (resource.Type === 'AWS::ApiGateway::RestApi') return LOCAL_API_ID;
  if (resource.Type === 'AWS::Lambda::Function') return functionName(stack, name);
  return name;
}

function pseudoParameter(stack: StackIdentity, name: string, place: string): string {
  switch (name) {
    case 'AWS::Region':
      return stack.region;
    case 'AWS::AccountId':
      return LOCAL_ACCOUNT;
    case 'AWS::Partition':
      return 'aws';
    case 'AWS::URLSuffix':
      return 'amazonaws.com';
    default:
      return refuse({ Ref: name }, place);
  }
}

function getAttribute(stack: StackIdentity, argument: unknown, place: string): string {
  const [name, attribute] = typeof argument === 'string' ? argument.split('.') : asList(argument);
  const type = typeof name === 'string' ? stack.template.Resources[name]?.Type : undefined;
  if (type === 'AWS::Lambda::Function' && attribute === 'Arn') return functionArn(stack, String(name));
  if (type === 'AWS::ApiGateway::RestApi' && attribute === 'RootResourceId')
    return rootResourceId(String(name));
  return refuse({ 'Fn::GetAtt': argument }, place);
}

function join(stack: StackIdentity, argument: unknown, place: string): string {
  const [separator, parts] = asList(argument);
  if (typeof separator !== 'string' || !Array.isArray(parts)) return refuse({ 'Fn::Join': argument }, place);
  return parts.map((part) => resolveText(stack, part, place)).join(separator);
}

function substitute(stack: StackIdentity, text: string, place: string): string {
  return text.replace(/\$\{([^!}][^}]*)\}/g, (_whole, name: string) =>
    name.includes('.') ? getAttribute(stack, name, place) : refer(stack, name, place),
  );
}

/** The name under which a function runs; its logical id where the template gives none. */
export function functionName(stack: StackIdentity, logicalId: string): string {
  const name = stack.template.Resources[logicalId]?.Properties?.['FunctionName'];
  return name === undefined ? logicalId : resolveText(stack, name, `${logicalId}.FunctionName`);
}

/** The ARN of a function of the template. */
export const functionArn = (stack: StackIdentity, logicalId: string): string =>
  `arn:aws:lambda:${stack.region}:${LOCAL_ACCOUNT}:function:${functionName(stack, logicalId)}`;

/** The made-up id of the resource `/` of an API. */
export const rootResourceId = (apiLogicalId: string): string => `${apiLogicalId}.RootResourceId`;

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function refuse(value: unknown, place: string): never {
  return refuseTemplate(`${place}: cannot resolve ${JSON.stringify(value)}.`);
}
