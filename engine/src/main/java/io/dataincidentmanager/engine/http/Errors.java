package io.dataincidentmanager.engine.http;

import io.kestra.core.exceptions.FlowProcessingException;
import io.kestra.core.exceptions.InputOutputValidationException;
import io.kestra.core.exceptions.InvalidQueryFiltersException;
import io.kestra.core.queues.MessageTooBigException;
import jakarta.validation.ConstraintViolationException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Exceptions as answers. A fault of the caller is 4xx with its reason; anything unexpected is ours, so 500 with a
 * number to look for in the log, and neither a stack trace nor a value in the answer.
 */
final class Errors {
    private static final Logger LOG = LoggerFactory.getLogger(Errors.class);

    private Errors() {
    }

    static Reply reply(Exception e) {
        return switch (e) {
            case HttpError error -> Reply.error(error.status(), error.getMessage(), List.of());
            case ConstraintViolationException violation -> Reply.error(422, "Invalid entity: " + violation.getMessage(),
                violation.getConstraintViolations().stream().map(v -> v.getMessage()).toList());
            case FlowProcessingException flow when flow.getCause() instanceof ConstraintViolationException violation -> reply(violation);
            case FlowProcessingException flow -> Reply.error(422, "Invalid entity: " + flow.getMessage(), List.of());
            case InputOutputValidationException input -> Reply.error(422, "Invalid entity: " + input.getMessage(), List.of());
            case InvalidQueryFiltersException filter -> Reply.error(422, "Invalid filter: " + filter.getMessage(), List.of());
            case MessageTooBigException big -> Reply.error(413, "The message is too large and was not accepted", List.of());
            default -> unexpected(e);
        };
    }

    private static Reply unexpected(Exception e) {
        String number = Long.toHexString(System.nanoTime());
        LOG.error("Request failed, number {}", number, e);
        return Reply.error(500, "Internal server error, see the engine's log for " + number, List.of());
    }
}
