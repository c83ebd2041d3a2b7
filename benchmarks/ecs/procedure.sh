#!/bin/sh
# The procedure by hand: ten processes of the AWS CLI, with jq (or Python where there is none) between two of them.
# It reads CLUSTER, SERVICE, CONTAINER, REPOSITORY (NAME in the registry), IMAGE, TAG and LOG_GROUP, and writes here.
set -eu

digest=$(aws ecr describe-images --repository-name "$REPOSITORY" --image-ids "imageTag=$TAG" \
    --query 'imageDetails[0].imageDigest' --output text)

before=$(aws ecs describe-services --cluster "$CLUSTER" --services "$SERVICE" \
    --query 'services[0].taskDefinition' --output text)
aws ecs describe-task-definition --task-definition "$before" --query taskDefinition --output json >before.json
if command -v jq >/dev/null; then
    jq --arg image "$IMAGE@$digest" --arg name "$CONTAINER" '
        (.containerDefinitions[] | select(.name == $name) | .image) = $image
        | del(.taskDefinitionArn, .revision, .status, .requiresAttributes, .compatibilities, .registeredAt, .registeredBy)
        ' before.json >after.json
else
    python3 -c '
import json, sys
with open("before.json") as before, open("after.json", "w") as after:
    definition = json.load(before)
    for container in definition["containerDefinitions"]:
        if container["name"] == sys.argv[2]:
            container["image"] = sys.argv[1]
    extra = "taskDefinitionArn revision status requiresAttributes compatibilities registeredAt registeredBy"
    json.dump({key: value for key, value in definition.items() if key not in extra.split()}, after)
' "$IMAGE@$digest" "$CONTAINER"
fi
after=$(aws ecs register-task-definition --cli-input-json file://after.json \
    --query taskDefinition.taskDefinitionArn --output text)

aws ecs update-service --cluster "$CLUSTER" --service "$SERVICE" --task-definition "$after" >update.json
aws ecs wait services-stable --cluster "$CLUSTER" --services "$SERVICE"
aws ecs describe-services --cluster "$CLUSTER" --services "$SERVICE" \
    --query 'services[0].[status,runningCount,desiredCount]' --output text

# shellcheck disable=SC2046 # one word a task
running=$(aws ecs describe-tasks --cluster "$CLUSTER" --tasks $(aws ecs list-tasks --cluster "$CLUSTER" \
    --service-name "$SERVICE" --query 'taskArns[]' --output text) \
    --query "tasks[].containers[?name=='$CONTAINER'].imageDigest | []" --output text)
for each in $running; do
    [ "$each" = "$digest" ] || { echo "$each runs, $TAG is $digest" >&2; exit 1; }
done
aws logs filter-log-events --log-group-name "$LOG_GROUP" --start-time "$(($(date +%s) - 1800))000" --limit 100 \
    --query 'events[].message' --output text
