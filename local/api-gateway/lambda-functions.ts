import { type CompiledTemplate, numberProperty, resourcesOfType, textProperty } from './compiled-template.ts';
import { functionArn, functionName, type StackIdentity } from './intrinsics.ts';

/** What the template says of a function, as far as invoking it goes. */
export interface LambdaFunction {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  /** `path/of/module.export`. */
  readonly handler: string | undefined;
  readonly timeoutMs: number;
  readonly memoryMb: number;
}

/** Lambda's defaults where the template is silent. */
const TIMEOUT_SECONDS_DEFAULT = 3;
const MEMORY_MB_DEFAULT = 128;

/** Every function of the template, by ARN. */
export function readFunctions(stack: StackIdentity): ReadonlyMap<string, LambdaFunction> {
  const functions = functionResources(stack.template).map((resource): [string, LambdaFunction] => {
    const arn = functionArn(stack, resource.logicalId);
    return [
      arn,
      {
        logicalId: resource.logicalId,
        name: functionName(stack, resource.logicalId),
        arn,
        handler: textProperty(resource, 'Handler'),
        timeoutMs: (numberProperty(resource, 'Timeout') ?? TIMEOUT_SECONDS_DEFAULT) * 1000,
        memoryMb: numberProperty(resource, 'MemorySize') ?? MEMORY_MB_DEFAULT,
      },
    ];
  });
  return new Map(functions);
}

/** The AWS::Lambda::Function resources of a template. */
export const functionResources = (template: CompiledTemplate) =>
  resourcesOfType(template, 'AWS::Lambda::Function');
