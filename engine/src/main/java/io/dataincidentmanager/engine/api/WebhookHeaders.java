package io.dataincidentmanager.engine.api;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Which headers of a webhook call a flow gets to see. They stay in the execution for as long as it is kept, so
 * whatever may carry a credential (Authorization, Cookie, tokens, keys) is left out, by naming what is let in.
 */
final class WebhookHeaders {
    private static final Set<String> LET_IN = Set.of(
        "content-type", "content-encoding", "user-agent",
        "x-amz-sns-message-type", "x-amz-sns-topic-arn");
    /** CloudEvents in binary mode carries the event's attributes as headers. */
    private static final String CLOUD_EVENTS = "ce-";
    /** Signatures over the body: that there is one tells the sender, its value is of no use once the body is parsed. */
    private static final Set<String> SHOWN_AS_PRESENT = Set.of("x-pagerduty-signature");
    private static final List<String> PRESENT = List.of("present");

    private WebhookHeaders() {
    }

    /** @param headers names in lower case */
    static Map<String, List<String>> letIn(Map<String, List<String>> headers) {
        Map<String, List<String>> let = new TreeMap<>();
        headers.forEach((name, values) -> {
            if (LET_IN.contains(name) || name.startsWith(CLOUD_EVENTS)) {
                let.put(name, values);
            } else if (SHOWN_AS_PRESENT.contains(name)) {
                let.put(name, PRESENT);
            }
        });
        return let;
    }
}
