package io.kestra.plugin.scripts.node;

import io.kestra.core.models.annotations.Plugin;
import io.kestra.core.models.property.Property;
import io.kestra.core.models.tasks.RunnableTask;
import io.kestra.core.models.tasks.runners.TargetOS;
import io.kestra.core.runners.RunContext;
import io.kestra.plugin.scripts.exec.AbstractExecScript;
import io.kestra.plugin.scripts.exec.scripts.models.ScriptOutput;
import jakarta.validation.constraints.NotNull;
import java.util.List;

/**
 * Stands in for the task of the same name in Kestra's Node plugin, whose jar is not to be had from Maven. The work
 * (files, environment, task runner, reading outputs) is Kestra's own {@link AbstractExecScript}; this adds the two
 * properties that the plugin's class adds. It is the only thing of Kestra that is imitated.
 */
@Plugin
public class Commands extends AbstractExecScript implements RunnableTask<ScriptOutput> {
    protected Property<String> containerImage = Property.ofValue("node");

    @NotNull
    protected Property<List<String>> commands;

    @Override
    public Property<String> getContainerImage() {
        return containerImage;
    }

    public Property<List<String>> getCommands() {
        return commands;
    }

    @Override
    public ScriptOutput run(RunContext runContext) throws Exception {
        TargetOS os = runContext.render(getTargetOS()).as(TargetOS.class).orElse(null);
        return commands(runContext)
            .withInterpreter(getInterpreter())
            .withBeforeCommands(getBeforeCommands())
            .withBeforeCommandsWithOptions(true)
            .withCommands(commands)
            .withTargetOS(os)
            .run();
    }
}
