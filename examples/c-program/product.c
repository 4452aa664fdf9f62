/* out/product.npy = in/a.npy times in/b.npy: square float64 matrices, row by row. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A .npy file: 10 bytes, of which the last two are the length of the header; header; numbers. */
static double *read_square(const char *path, int *size)
{
    FILE *file = fopen(path, "rb");
    unsigned char start[10];
    if (!file || fread(start, 1, 10, file) != 10)
        exit(1);
    long first = 10 + start[8] + 256 * start[9];
    fseek(file, 0, SEEK_END);
    long count = (ftell(file) - first) / (long)sizeof(double);
    double *numbers = malloc(count * sizeof(double));
    fseek(file, first, SEEK_SET);
    if (!numbers || fread(numbers, sizeof(double), count, file) != (size_t)count)
        exit(1);
    fclose(file);
    *size = (int)lround(sqrt((double)count));
    return numbers;
}

static void write_square(const char *path, const double *numbers, int size)
{
    char header[128];
    memset(header, ' ', sizeof header);
    memcpy(header, "\x93NUMPY\x01\x00\x76\x00", 10); /* version 1.0, 118 bytes of header */
    int used = sprintf(header + 10,
                       "{'descr': '<f8', 'fortran_order': False, 'shape': (%d, %d), }", size, size);
    header[10 + used] = ' ';
    header[127] = '\n';
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(header, 1, 128, file) != 128)
        exit(1);
    if (fwrite(numbers, sizeof(double), (size_t)size * size, file) != (size_t)size * size)
        exit(1);
    fclose(file);
}

int main(void)
{
    int size;
    double *a = read_square("in/a.npy", &size);
    double *b = read_square("in/b.npy", &size);
    double *product = calloc((size_t)size * size, sizeof(double));
    if (!product)
        return 1;
    for (int i = 0; i < size; i++)
        for (int j = 0; j < size; j++)
            for (int k = 0; k < size; k++)
                product[i * size + j] += a[i * size + k] * b[k * size + j];
    write_square("out/product.npy", product, size);
    return 0;
}
