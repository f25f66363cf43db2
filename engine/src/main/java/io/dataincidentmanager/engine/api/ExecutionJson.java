package io.dataincidentmanager.engine.api;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.dataincidentmanager.engine.Kestra;
import io.kestra.core.models.executions.Execution;
import io.kestra.core.models.executions.TaskRun;
import io.kestra.core.serializers.JacksonMapper;
import java.util.List;
import java.util.Map;

/**
 * An execution as JSON, in the shape of 1.3 for both versions: outputs stand on the task run ({@code
 * taskRunList[].outputs}) and on the execution, though 2.0 keeps them elsewhere.
 */
final class ExecutionJson {
    private static final ObjectMapper JSON = JacksonMapper.ofJson();

    private final Kestra kestra;

    ExecutionJson(Kestra kestra) {
        this.kestra = kestra;
    }

    ObjectNode of(Execution execution) throws Exception {
        ObjectNode json = JSON.valueToTree(execution);
        set(json, kestra.version().outputs(execution));
        List<TaskRun> taskRuns = execution.getTaskRunList() == null ? List.of() : execution.getTaskRunList();
        for (int i = 0; i < taskRuns.size(); i++) {
            set((ObjectNode) json.get("taskRunList").get(i), kestra.version().outputs(taskRuns.get(i)));
        }
        return json;
    }

    private static void set(ObjectNode json, Map<String, Object> outputs) {
        if (outputs != null && !outputs.isEmpty()) {
            json.set("outputs", JSON.valueToTree(outputs));
        }
    }
}
