package io.dataincidentmanager.engine.api;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Whether a body holds lists that Kestra can't carry. For every script task Kestra merges the trigger's variables with
 * themselves, and looks for each element of a list in the whole list (MapUtils.mergeCollections, 1.3.31 and 2.0.0): 85,000
 * small objects, 1 MiB, keep a worker's thread busy for minutes, and no timeout ends that. So the sum of the squared
 * lengths is limited, to that of one list of 10,000.
 */
final class ListCost {
    private static final long LIMIT = 10_000L * 10_000L;
    private static final JsonFactory JSON = JsonFactory.builder()
        .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(1000).build())
        .build();

    private ListCost() {
    }

    /** What is no JSON, or is nested too deep for Kestra to read, stays text and costs nothing. */
    static boolean isTooHigh(byte[] body) {
        Deque<long[]> open = new ArrayDeque<>();
        long cost = 0;
        try (JsonParser parser = JSON.createParser(body)) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                if (token.isStructEnd()) {
                    long[] ended = open.pop();
                    if (token == JsonToken.END_ARRAY) {
                        cost += ended[0] * ended[0];
                    }
                } else if (token != JsonToken.FIELD_NAME) {
                    if (!open.isEmpty()) {
                        open.peek()[0]++;
                    }
                    if (token.isStructStart()) {
                        open.push(new long[1]);
                    }
                }
            }
        } catch (IOException e) {
            return false;
        }
        return cost > LIMIT;
    }
}
