package io.dataincidentmanager.engine.api;

import io.dataincidentmanager.engine.http.HttpError;
import io.kestra.core.models.QueryFilter;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The query of a search as Kestra's filters: {@code filters[state][IN]=FAILED,KILLED}, {@code
 * filters[labels][EQUALS][team]=data}, and the older plain parameters ({@code namespace=}, a prefix; {@code flowId=},
 * {@code state=}, {@code startDate=}, {@code endDate=}, {@code timeRange=PT24H}, {@code q=}, {@code labels=key:value}, {@code
 * triggerExecutionId=}), which Kestra turns into the same.
 */
final class Filters {
    private static final Pattern NESTED = Pattern.compile("filters\\[(\\w+)]\\[(\\w+)](?:\\[([^]]+)])?");

    private record Plain(QueryFilter.Field field, QueryFilter.Op operation) {
    }

    private static final Map<String, Plain> PLAIN = Map.of(
        "q", new Plain(QueryFilter.Field.QUERY, QueryFilter.Op.EQUALS),
        "namespace", new Plain(QueryFilter.Field.NAMESPACE, QueryFilter.Op.PREFIX),
        "flowId", new Plain(QueryFilter.Field.FLOW_ID, QueryFilter.Op.EQUALS),
        "state", new Plain(QueryFilter.Field.STATE, QueryFilter.Op.IN),
        "startDate", new Plain(QueryFilter.Field.START_DATE, QueryFilter.Op.GREATER_THAN_OR_EQUAL_TO),
        "endDate", new Plain(QueryFilter.Field.END_DATE, QueryFilter.Op.LESS_THAN_OR_EQUAL_TO),
        "triggerExecutionId", new Plain(QueryFilter.Field.TRIGGER_EXECUTION_ID, QueryFilter.Op.EQUALS));

    private Filters() {
    }

    /** @throws HttpError 422 when a filter is none that Kestra knows */
    static List<QueryFilter> of(Map<String, List<String>> query) {
        List<QueryFilter> filters = new ArrayList<>();
        query.forEach((name, values) -> {
            Matcher nested = NESTED.matcher(name);
            Plain plain = PLAIN.get(name);
            if (name.equals("timeRange") || name.equals("filters[timeRange][EQUALS]")) {
                filters.add(since(values.getFirst()));
            } else if (plain != null) {
                filters.add(filter(plain.field(), plain.operation(), plain.operation() == QueryFilter.Op.IN ? list(values) : values.getFirst()));
            } else if (name.equals("labels")) {
                filters.add(filter(QueryFilter.Field.LABELS, QueryFilter.Op.EQUALS, labels(values)));
            } else if (nested.matches()) {
                filters.add(nested(nested, values));
            }
        });
        return filters;
    }

    /** A span back from now, such as PT24H: Kestra's web server turns it into a start date too. */
    private static QueryFilter since(String span) {
        try {
            return filter(QueryFilter.Field.START_DATE, QueryFilter.Op.GREATER_THAN_OR_EQUAL_TO, ZonedDateTime.now(ZoneOffset.UTC).minus(Duration.parse(span)).toString());
        } catch (DateTimeException e) {
            throw new HttpError(422, "timeRange is a span such as PT24H");
        }
    }

    private static QueryFilter nested(Matcher name, List<String> values) {
        try {
            QueryFilter.Field field = QueryFilter.Field.fromString(name.group(1));
            QueryFilter.Op operation = QueryFilter.Op.valueOf(name.group(2).toUpperCase());
            boolean several = operation == QueryFilter.Op.IN || operation == QueryFilter.Op.NOT_IN;
            if (name.group(3) != null) {
                return filter(field, operation, Map.of(name.group(3), values.getFirst()));
            }
            return filter(field, operation, several ? list(values) : values.getFirst());
        } catch (IllegalArgumentException e) {
            throw new HttpError(422, "Invalid filter " + name.group() + ": " + e.getMessage());
        }
    }

    /** Labels are given as {@code key:value}, as often as wanted. */
    static Map<String, String> labels(List<String> values) {
        Map<String, String> labels = new LinkedHashMap<>();
        for (String value : values) {
            int colon = value.indexOf(':');
            if (colon < 1) {
                throw new HttpError(422, "A label is given as key:value");
            }
            labels.put(value.substring(0, colon), value.substring(colon + 1));
        }
        return labels;
    }

    private static QueryFilter filter(QueryFilter.Field field, QueryFilter.Op operation, Object value) {
        return QueryFilter.builder().field(field).operation(operation).value(value).build();
    }

    private static List<String> list(List<String> values) {
        return values.stream().flatMap(value -> Arrays.stream(value.split(","))).toList();
    }
}
