#include "logplex/api/frame/openapi.hpp"

#include <cctype>

#include <boost/json/array.hpp>

namespace sluice::api {
namespace json = boost::json;
namespace {

json::object of_type(std::string_view type) { return {{"type", type}}; }

json::object array_of(std::string_view type) { return {{"type", "array"}, {"items", of_type(type)}}; }

json::object any_of(std::initializer_list<std::string_view> types) {
  json::array list;
  for (const auto type : types) list.push_back(json::string(type));
  return {{"type", std::move(list)}};
}

json::object schema_of(JsonShape shape) {
  switch (shape) {
    case JsonShape::kString:
      return of_type("string");
    case JsonShape::kBool:
      return of_type("boolean");
    case JsonShape::kNumber:
      return {{"type", "integer"}, {"minimum", 0}};
    case JsonShape::kText:
      return any_of({"string", "integer"});
    case JsonShape::kSwitch:
      return any_of({"boolean", "integer", "string"});
    case JsonShape::kStrings:
      return array_of("string");
    case JsonShape::kObjects:
      return array_of("object");
    case JsonShape::kObject:
      return of_type("object");
  }
  return {};
}

json::object schema_of(const BodySchema& body) {
  json::object properties;
  json::array required;
  for (const auto& field : body.fields) {
    auto schema = schema_of(field.shape);
    schema["description"] = field.what;
    properties[field.name] = std::move(schema);
    if (field.required) required.push_back(json::string(field.name));
  }
  json::object out{{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", body.open}};
  if (!required.empty()) out["required"] = std::move(required);
  return out;
}

/// "/v3/channels/:c" as "/v3/channels/{c}"; the names go to `names`.
std::string template_of(std::string_view path, json::array& names) {
  std::string out;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto segment = path.substr(0, path.find('/'));
    const bool parameter = segment.starts_with(':');
    if (parameter) names.push_back(json::string(segment.substr(1)));
    out += parameter ? "/{" + std::string(segment.substr(1)) + "}" : "/" + std::string(segment);
    path.remove_prefix(segment.size());
  }
  return out;
}

json::array parameters_of(const json::array& names) {
  json::array out;
  for (const auto& name : names)
    out.push_back(json::object{{"name", name}, {"in", "path"}, {"required", true}, {"schema", of_type("string")}});
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

json::object operation_of(const Route& route, const json::array& names) {
  json::object responses;
  responses[std::to_string(route.success)] = json::object{{"description", route.summary}};
  responses["default"] = json::object{{"$ref", "#/components/responses/error"}};
  json::object out{{"summary", route.summary}, {"responses", std::move(responses)}};
  if (!names.empty()) out["parameters"] = parameters_of(names);
  if (route.body != nullptr && !route.body->fields.empty()) {
    json::object content{{"application/json", json::object{{"schema", schema_of(*route.body)}}}};
    out["requestBody"] = json::object{{"required", !route.body->optional}, {"content", std::move(content)}};
  }
  if (route.access == Access::kAnybody) out["security"] = json::array();
  if (route.access == Access::kScope) out["x-scope"] = name_of(route.scope);
  return out;
}

json::object components() {
  const json::object text = of_type("string");
  json::object error{{"type", "object"}, {"properties", json::object{{"error", text}, {"field", text}}}};
  json::object content{{"application/json", json::object{{"schema", std::move(error)}}}};
  json::object response{{"description", "What was wrong, in one sentence."}, {"content", std::move(content)}};
  json::object schemes{{"bearer", json::object{{"type", "http"}, {"scheme", "bearer"}}},
                       {"basic", json::object{{"type", "http"}, {"scheme", "basic"}}}};
  return {{"responses", json::object{{"error", std::move(response)}}}, {"securitySchemes", std::move(schemes)}};
}

}  // namespace

json::object openapi_document(const RouteTable& routes) {
  json::object paths;
  for (const auto& route : routes.routes()) {
    json::array names;
    const auto path = template_of(route.path, names);
    if (!paths.contains(path)) paths[path] = json::object();
    paths[path].get_object()[lower(to_string(route.method))] = operation_of(route, names);
  }
  json::array security;
  security.push_back(json::object{{"bearer", json::array()}});
  security.push_back(json::object{{"basic", json::array()}});
  return {{"openapi", "3.1.0"},
          {"info", json::object{{"title", "Sluice"}, {"version", "3"}}},
          {"paths", std::move(paths)},
          {"components", components()},
          {"security", std::move(security)}};
}

}  // namespace sluice::api
