// JSON as RFC 8259 has it, read into a tree.
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_TEXT, JSON_LIST, JSON_OBJECT };

// A value; members of an object and elements of a list follow each other by `next`.
struct json {
  enum json_kind kind;
  double number;
  char *text; // of a text; ends with a zero byte, and has none inside
  char *name; // of a member
  size_t count;
  struct json *first, *next;
};

// The value in `length` bytes of `text`; NULL if they aren't exactly one, an object has a name
// twice, or a text has a zero byte. Freed by json_free.
struct json *json_read(const char *text, size_t length);

void json_free(struct json *value);

// The member called `name` of an object; NULL if there is none.
const struct json *json_member(const struct json *object, const char *name);
