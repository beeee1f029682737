import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.xpack.esql.parser.EsqlParser;

/** Reads a query in ES|QL from standard input and prints its plan; ends with an error where it is none. */
public class ReadESQL {
    public static void main(String[] none) throws Exception {
        LogConfigurator.configureESLogging();
        System.out.println(new EsqlParser().createStatement(new String(System.in.readAllBytes()), null));
    }
}
