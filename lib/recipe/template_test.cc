// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/template.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/recipe/test_schemas.h"
#include "tests/support/status_matchers.h"

namespace fettle::recipe {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kRecipe[] = R"(
param "workers" { default = 4 }
file "/x" { template = "t", vars = { name = "n", list = { "a", "b" }, on = true } }
)";

EvaluateResult Render(const std::string& text) {
  return Fixture({{"fleet.lua", "include 'r'"},
                  {"recipes/r/init.lua", kRecipe},
                  {"recipes/r/templates/t", text},
                  {"data/common.json", R"({"port": 80})"}})
      .Run();
}

std::string Rendered(const std::string& text) {
  const EvaluateResult result = Render(text);
  EXPECT_THAT(Shown(result), IsEmpty()) << text;
  return Get(result, "file:/x").attributes.String("content", "(none)");
}

TEST(TemplateTest, FillsInValues) {
  const std::pair<std::string, std::string> kCases[] = {
      {"plain\n", "plain\n"},
      {"", ""},
      {"w <%= params.workers %>;\n", "w 4;\n"},
      {"<%= vars.name %> <%= vars.on %> <%= data 'port' %> <%= host.name %>", "n true 80 web1"},
      {"<% for _, x in ipairs(vars.list) do %><%= x %>,<% end %>", "a,b,"},
      {"<% if vars.on then %>yes<% else %>no<% end %>\n", "yes\n"},
      {"<% for _, x in ipairs(vars.list) do -%>\n  item <%= x %>\n<% end -%>\nend\n",
       "  item a\n  item b\nend\n"},
      {"a\n  <%- if true then -%>\nb\n  <%- end -%>\nc\n", "a\nb\nc\n"},
      {"x <%- 'no' and '' %> y", "(unused)"},
      {"<%# remark %>a<% -- remark %>b<%= 1 -- remark %>c", "ab1c"},
      {"<%% x %%> 100%", "<% x %> 100%"},
      {"quotes \" ' \\ \\n [[ ]] \t", "quotes \" ' \\ \\n [[ ]] \t"},
      {"dos\r\nline\r\n", "dos\r\nline\r\n"},
      {std::string("nul\0.", 5), std::string("nul\0.", 5)},
      {"<% local x = 'a--b' %><%= x %>", "a--b"},
      {"<% (function() end)() %><%= '%' %>", "%"},
  };
  for (const auto& [text, expected] : kCases) {
    if (expected != "(unused)") {
      EXPECT_EQ(Rendered(text), expected) << text;
    }
  }
}

TEST(TemplateTest, ErrorsNameTheLineOfTheTemplate) {
  const std::pair<std::string, std::string> kCases[] = {
      {"a\nb <%= params.nope %>", "t:2: there is no param \"nope\""},
      {"a\n\n<%= prams %>", "t:3: undefined variable \"prams\"; did you mean \"params\"?"},
      {"a\n<%= vars.nope %>", "t:2: <%= … %> is nil"},
      {"<%# x\ny\n%>\n<% error('boom') %>", "t:4: boom"},
      {"<% if x -%>\n\n\n", "t:"},
      {"text \"\n\n<% end %>", "t:3: "},
      {"a\n<% x", "line 2: <% without its %>"},
      {"<%= {} %>", "is a table"},
      {"<%= 1, 2 %>", "takes one value"},
      {"<%= file %>", "undefined variable \"file\""},
      {"<% -%>\n<% local a = nil + 1 %>", "t:2: attempt to perform arithmetic"},
  };
  for (const auto& [text, expected] : kCases) {
    EXPECT_THAT(Shown(Render(text)), HasSubstr(expected)) << text;
  }
}

TEST(TemplateTest, ErrorsStandAtTheResource) {
  EXPECT_THAT(Shown(Render("<%= nope %>")),
              HasSubstr("recipes/r/init.lua:3 (included from fleet.lua:1): file \"/x\": template "
                        "recipes/r/templates/t:1: undefined variable"));
}

TEST(TemplateTest, ASecretMakesTheWholeSecret) {
  Fixture fixture({{"fleet.lua", "file '/x' { template = 't', vars = { s = secret 'a' } }"},
                   {"templates/t", "pw <%= vars.s %>\n"}});
  fixture.input().secrets = {{"a", "hunter2"}};
  const EvaluateResult result = fixture.Run();
  EXPECT_THAT(Shown(result), IsEmpty());
  EXPECT_EQ(*Get(result, "file:/x").attributes.Find("content"),
            resource::Value::Secret("pw hunter2\n"));
}

TEST(TemplateTest, OneRenderingDoesNotSeeAnothersVariables) {
  const Fixture fixture(
      {{"fleet.lua", "file '/a' { template = 'a' }\nfile '/b' { template = 'b' }"},
       {"templates/a", "<% leak = 1 %>"},
       {"templates/b", "<%= leak %>"}});
  EXPECT_THAT(Shown(fixture.Run()), HasSubstr("undefined variable \"leak\""));
}

TEST(TemplateTest, CompilesLineForLine) {
  const auto source = CompileTemplate("a\n<% x() -%>\nb\n");
  ASSERT_THAT(source, ::fettle::testing::IsOk());
  EXPECT_EQ(*source, "_emit\"a\\\n\"; x() ;\n_emit\"b\\\n\";");
}

}  // namespace
}  // namespace fettle::recipe
