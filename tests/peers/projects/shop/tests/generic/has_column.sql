{% test has_column(model, column_name) %}
select '{{ column_name }}' as missing
where not exists (
  select 1 from information_schema.columns
  where table_schema = '{{ model.schema }}' and table_name = '{{ model.identifier }}' and column_name = '{{ column_name }}'
)
{% endtest %}
