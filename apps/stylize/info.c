#include "info.h"

#include <stdio.h>

#include <jansson.h>

#include "context.h"
#include "exit.h"
#include "message.h"

static const char *get_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static long long get_number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void print_list(const char *label, const json_t *array)
{
    printf("%-10s", label);
    for (size_t i = 0; i < json_array_size(array); i++)
        printf("%s%s", i ? ", " : "", json_string_value(json_array_get(array, i)));
    putchar('\n');
}

static void print_cpu(const json_t *cpu)
{
    printf("%-10s%s\n", "cpu", get_text(cpu, "name"));
    printf("%-10s%s\n", "", get_text(cpu, "features"));
    printf("%-10skernels %s, %lld processors, %lld threads\n", "", get_text(cpu, "kernels"),
           get_number(cpu, "processors"), get_number(cpu, "threads"));
}

static void print_engines(const json_t *engines)
{
    for (size_t i = 0; i < json_array_size(engines); i++) {
        const json_t *e = json_array_get(engines, i);
        printf("%-10s%-8s", i ? "" : "engines", get_text(e, "name"));
        if (json_is_true(json_object_get(e, "available")))
            printf("%s, %s, batches of %lld at most%s%s\n", get_text(e, "device"), get_text(e, "detail"),
                   get_number(e, "batch_max"), *get_text(e, "not_cuda") ? "; not on CUDA: " : "",
                   get_text(e, "not_cuda"));
        else
            printf("not available: %s\n", get_text(e, "reason"));
    }
}

static void print_models(const json_t *models)
{
    for (size_t i = 0; i < json_array_size(models); i++) {
        const json_t *m = json_array_get(models, i);
        const json_t *engines = json_object_get(m, "engines");
        printf("%-10s%-10s", i ? "" : "models", get_text(m, "name"));
        for (size_t k = 0; k < json_array_size(engines); k++)
            printf("%s%s", k ? ", " : "", json_string_value(json_array_get(engines, k)));
        printf("%s%s\n", json_is_true(json_object_get(m, "reads_pictures")) ? "; any picture as style" : "",
               json_is_true(json_object_get(m, "tiles")) ? "; tiles" : "");
    }
}

static void print_info(const json_t *info)
{
    printf("%-10s%s\n", "stylize", get_text(info, "version"));
    print_cpu(json_object_get(info, "cpu"));
    print_engines(json_object_get(info, "engines"));
    print_list("formats", json_object_get(info, "formats"));
    print_models(json_object_get(info, "models"));
    printf("%-10s%s\n", "folder", get_text(info, "model_dir"));
    printf("%-10s%s\n", "styles", get_text(info, "style_dir"));
}

int command_info(const cli_args *args)
{
    int code = EXIT_DONE;
    stylize_ctx *ctx = context_create(args, args->thread_count ? args->threads[0] : 0, 0, &code);
    if (!ctx)
        return code;
    char *text = NULL;
    stylize_error err;
    json_error_t where;
    json_t *info = NULL;
    if (stylize_ctx_info(ctx, &text, &err) != STYLIZE_OK) {
        message_error(NULL, "%s", err.message);
        code = EXIT_ENGINE;
    } else if (args->json) {
        puts(text);
    } else if (!(info = json_loads(text, 0, &where))) {
        message_error(NULL, "the library's description is no JSON: %s", where.text);
        code = EXIT_ENGINE;
    } else {
        print_info(info);
    }
    if (code == EXIT_DONE && fflush(stdout) != 0)
        code = EXIT_OUTPUT;
    json_decref(info);
    stylize_free(text);
    stylize_ctx_destroy(ctx, STYLIZE_CANCEL);
    return code;
}
